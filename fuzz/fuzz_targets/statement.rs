//! A statement that reads writes itself back as the same statement.
#![no_main]

use lite_bundle::Statement;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(statement) = Statement::parse(data) {
        let payload = statement.to_payload(&serde_json::Value::Null);
        assert_eq!(Statement::parse(&payload), Ok(statement));
    }
});
