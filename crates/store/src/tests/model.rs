//! Any life of a log against a model: a list of leaves.

use proptest::prelude::*;

use super::rig::{SEED, World, leaf, oracle_root};
use crate::fault::testing::{After, arm, disarm};
use crate::open::Opened;

#[derive(Clone, Debug)]
enum Act {
    /// So many fresh leaves, and some of the old ones again.
    Append {
        fresh: u64,
        again: u64,
    },
    Store,
    Publish,
    Tidy,
    /// The process ends, and another one starts.
    Restart,
    /// The clock goes somewhere.
    Clock(i64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (prop_oneof![1..4_u64, 100..300_u64], 0..3_u64)
            .prop_map(|(fresh, again)| Act::Append { fresh, again }),
        2 => Just(Act::Store),
        2 => Just(Act::Publish),
        2 => Just(Act::Tidy),
        2 => Just(Act::Restart),
        1 => (-10_000..10_000_i64).prop_map(Act::Clock),
    ];
    proptest::collection::vec(act, 1..14)
}

/// Acts until the end or until the process is dead.
fn act(world: &mut World, opened: &mut Option<Opened>, act: &Act, next: &mut u64) -> Option<()> {
    if matches!(act, Act::Restart) {
        drop(opened.take());
        *opened = Some(world.open().ok()?);
    }
    let opened = opened.as_mut()?;
    match act {
        Act::Append { fresh, again } => {
            let old = (0..*again).map(|n| (*next).saturating_sub(1 + n * 97).max(1));
            let leaves: Vec<u64> = (*next..*next + fresh).chain(old).collect();
            *next += fresh;
            world.append(opened, &leaves).ok()
        }
        Act::Store => opened.publisher.store().ok(),
        Act::Publish => opened.publisher.publish().ok(),
        Act::Tidy => opened.publisher.tidy().ok(),
        Act::Clock(by) => {
            let now = lite_time::Clock::now(&*world.clock).millis();
            world.clock.set(lite_time::Time::from_millis(now + by));
            Some(())
        }
        Act::Restart => Some(()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_life_that_ends_anywhere_keeps_its_promises(
        acts in acts(),
        death in 0..400_u64,
        segment_bytes in prop_oneof![Just(1_000_u64), Just(8 << 20)],
    ) {
        let mut world = World::new();
        world.segment_bytes = segment_bytes;
        let mut opened = Some(world.open().unwrap());
        let mut next = 1;
        arm(death, After::Dead);
        let alive = acts.iter().try_for_each(|a| act(&mut world, &mut opened, a, &mut next));
        disarm();
        drop(opened);
        let opened = world.open().unwrap();
        world.check_promises(&opened);
        // The tree is the seed and what was answered, each once, in the order of the answers; a
        // batch that died on its way to the answer may be there as well, at the end.
        let size = opened.sequencer.shared().view().tree().size;
        let answered = world.answered.len() as u64 + 1;
        prop_assert!(size >= answered);
        if alive.is_some() {
            prop_assert_eq!(size, answered);
            let expected = oracle_root(std::iter::once(SEED.to_vec()).chain((1..next).map(leaf)));
            prop_assert_eq!(opened.sequencer.shared().view().tree().root, expected);
        }
    }
}
