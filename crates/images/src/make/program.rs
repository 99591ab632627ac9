//! The smallest program that an image can run from nothing: it prints a message and ends.
//!
//! A static ELF executable of one segment, written by hand, so that no compiler is needed:
//!
//! ```text
//! 0    64   ELF header (System V ABI, "ELF Header")
//! 64   56   program header: the whole file, readable and executable, at 0x400000
//! 120       code: write(1, message, length); exit(0)
//!           the message
//! ```

use lite_oci::Platform;

use super::MAX_MESSAGE_BYTES;

/// Why no program can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// A platform whose code is not in here.
    #[error("no program can be made for {0}: it takes a file that runs there")]
    Platform(Platform),
    /// Longer than [`MAX_MESSAGE_BYTES`].
    #[error("the message is longer than 4096 bytes")]
    TooLong,
}

const HEADERS: u64 = 64 + 56;
const LOADED_AT: u64 = 0x40_0000;

/// `e_machine` of the two architectures.
const X86_64: u16 = 62;
const AARCH64: u16 = 183;

/// A program for a platform that prints `message`.
pub(super) fn printing(message: &str, platform: &Platform) -> Result<Vec<u8>, ProgramError> {
    let length = u16::try_from(message.len()).map_err(|_| ProgramError::TooLong)?;
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(ProgramError::TooLong);
    }
    let (machine, code) = match (platform.os.as_str(), platform.architecture.as_str()) {
        ("linux", "amd64") => (X86_64, x86_64(length)),
        ("linux", "arm64") => (AARCH64, aarch64(length)),
        _ => return Err(ProgramError::Platform(platform.clone())),
    };
    let size = HEADERS + code.len() as u64 + u64::from(length);
    let mut program = headers(machine, size);
    program.extend(code);
    program.extend(message.as_bytes());
    Ok(program)
}

fn headers(machine: u16, size: u64) -> Vec<u8> {
    let mut elf = b"\x7fELF\x02\x01\x01".to_vec(); // 64 bits, little-endian, version 1
    elf.extend([0; 9]); // System V, padding
    elf.extend(2_u16.to_le_bytes()); // e_type: executable
    elf.extend(machine.to_le_bytes());
    elf.extend(1_u32.to_le_bytes()); // e_version
    elf.extend((LOADED_AT + HEADERS).to_le_bytes()); // e_entry
    elf.extend(64_u64.to_le_bytes()); // e_phoff
    elf.extend(0_u64.to_le_bytes()); // e_shoff: no sections
    elf.extend(0_u32.to_le_bytes()); // e_flags
    for half in [64_u16, 56, 1, 0, 0, 0] {
        elf.extend(half.to_le_bytes()); // e_ehsize, e_phentsize, e_phnum, no sections
    }
    elf.extend(1_u32.to_le_bytes()); // p_type: PT_LOAD
    elf.extend(5_u32.to_le_bytes()); // p_flags: readable, executable
    for word in [0, LOADED_AT, LOADED_AT, size, size, 0x1_0000] {
        elf.extend(word.to_le_bytes()); // offset, addresses, sizes, alignment of the largest pages
    }
    elf
}

fn x86_64(length: u16) -> Vec<u8> {
    let mut code = vec![
        0xb8, 1, 0, 0, 0, // mov eax, 1 (write)
        0xbf, 1, 0, 0, 0, // mov edi, 1 (standard output)
        0x48, 0x8d, 0x35, 16, 0, 0, 0,    // lea rsi, [rip + 16]: behind the code
        0xba, // mov edx, length
    ];
    code.extend(u32::from(length).to_le_bytes());
    code.extend([
        0x0f, 0x05, // syscall
        0xb8, 60, 0, 0, 0, // mov eax, 60 (exit)
        0x31, 0xff, // xor edi, edi
        0x0f, 0x05, // syscall
    ]);
    code
}

fn aarch64(length: u16) -> Vec<u8> {
    let movz = |register: u32, value: u16| 0xd280_0000 | (u32::from(value) << 5) | register;
    let svc = 0xd400_0001; // svc #0
    let code: [u32; 8] = [
        movz(8, 64), // write
        movz(0, 1),  // standard output
        0x1000_00c1, // adr x1, . + 24: behind the code
        movz(2, length),
        svc,
        movz(8, 93), // exit
        movz(0, 0),
        svc,
    ];
    code.iter().flat_map(|instruction| instruction.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    /// `printf '.text\nmov x8,#64\nmov x0,#1\nadr x1,.+24\nmov x2,#3\nsvc #0\nmov x8,#93\nmov x0,#0\nsvc #0\n'
    /// | llvm-mc -arch=aarch64 -show-encoding`
    #[test]
    fn the_other_architecture_is_encoded_as_an_assembler_does() {
        let program = printing("hi\n", &platform("linux/arm64")).unwrap();
        let code = &program[120..];
        assert_eq!(hex::encode(&code[..16]), "080880d2200080d2c1000010620080d2");
        assert_eq!(hex::encode(&code[16..32]), "010000d4a80b80d2000080d2010000d4");
        assert_eq!(&code[32..], b"hi\n");
    }

    #[test]
    fn a_program_is_made_only_where_it_would_run() {
        for other in ["windows/amd64", "linux/riscv64"] {
            let refused = printing("x", &platform(other));
            assert_eq!(refused, Err(ProgramError::Platform(platform(other))));
        }
        let long = "x".repeat(MAX_MESSAGE_BYTES + 1);
        assert_eq!(printing(&long, &platform("linux/amd64")), Err(ProgramError::TooLong));
    }
}
