//! Which files there are, and what they say.

use super::rig::{SEED, World, files, leaf, oracle_root};

#[test]
fn two_rounds_leave_exactly_these_files() {
    let mut world = World::new();
    world.grow(1..5, 4);
    world.grow(5..300, 256);
    let found: Vec<String> = files(&world.log()).into_keys().collect();
    assert_eq!(
        found,
        [
            "journal/0000000000.journal",
            "log.json",
            "margin/000",
            "tree/checkpoint",
            "tree/tile/0/000",
            "tree/tile/0/001.p/44",
            "tree/tile/1/000.p/1",
            "tree/tile/entries/000",
            "tree/tile/entries/001.p/44",
        ]
    );
    assert_eq!(world.fsck().findings, []);
}

#[test]
fn roots_are_those_of_another_implementation_around_the_edges_of_tiles() {
    for size in [2_u64, 254, 255, 256, 257, 258, 511, 512, 513, 1025] {
        let mut world = World::new();
        world.grow(1..size, 100);
        let report = world.fsck();
        let expected = oracle_root([SEED.to_vec()].into_iter().chain((1..size).map(leaf)));
        assert_eq!((report.size, report.root), (size, expected), "size {size}");
        let opened = world.open().unwrap();
        world.check_promises(&opened);
    }
}

#[test]
fn a_second_level_of_tiles_fills_and_a_third_begins() {
    let mut world = World::new();
    world.grow(1..65_534, 10_000);
    world.answered.clear();
    for size in 65_535..=65_538_u64 {
        let mut opened = world.open().unwrap();
        if size > 65_535 {
            world.append(&mut opened, &[size - 1]).unwrap();
        } else {
            world.append(&mut opened, &[65_534]).unwrap();
        }
        opened.publisher.publish().unwrap();
        opened.publisher.tidy().unwrap();
        world.check_promises(&opened);
        let root = opened.sequencer.shared().view().tree().root;
        let expected = oracle_root([SEED.to_vec()].into_iter().chain((1..size).map(leaf)));
        assert_eq!(root, expected, "size {size}");
    }
}

#[test]
fn partial_copies_go_when_the_tile_is_full_and_few_generations_stay() {
    let mut world = World::new();
    for n in 1..30 {
        world.grow(n..n + 1, 1);
    }
    let count = |world: &World, part: &str| {
        files(&world.log()).into_keys().filter(|name| name.contains(part)).count()
    };
    assert_eq!(count(&world, "tile/0/000.p/"), 8);
    assert_eq!(count(&world, "tile/entries/000.p/"), 8);
    world.grow(30..257, 300);
    assert_eq!(count(&world, "000.p/"), 1, "level 1 has one hash");
    assert_eq!(count(&world, "001.p/"), 2);
}

#[test]
fn a_stored_piece_is_never_replaced_by_other_bytes() {
    use lite_sequencer::ports::{Piece, StoreError, TileStore};
    let world = World::new();
    let tiles = crate::tiles::FileTiles::new(&world.log());
    for piece in [Piece::Bundle(7), Piece::Margin(7), Piece::Tile { level: 1, index: 1_234 }] {
        tiles.put(&[(piece, b"one".to_vec())]).unwrap();
        tiles.put(&[(piece, b"one".to_vec())]).unwrap();
        let error = tiles.put(&[(piece, b"two".to_vec())]).unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)));
        assert_eq!(tiles.get(piece).unwrap(), Some(b"one".to_vec()));
    }
    assert!(world.log().join("tree/tile/1/x001/234").is_file());
}
