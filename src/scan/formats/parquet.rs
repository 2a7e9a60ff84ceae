//! Parquet with Brotli, which is not unpacked: told by the metadata of a column (parquet.thrift, `ColumnMetaData`). What other
//! codecs write is found without a reader of Parquet.

use std::io;

use super::embedded::{Embedded, Start};
use super::format::Visitor;
use super::stream::Stream;

/// In Thrift's compact protocol: field 4, an `i32`, with the number of Brotli, 4.
const BROTLI: [u8; 2] = [0x15, 8];

/// The fields behind it, one after another: the numbers of values and of bytes, before and after compression, each an `i64`.
const LONG_FIELDS: usize = 3;
const NEXT_LONG: u8 = 0x16;

pub(super) const EMBEDDED: Embedded = Embedded::certain("Parquet", &[Start::new(&BROTLI)], may_begin, read);

fn may_begin(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(&BROTLI) else { return false };
    (0..LONG_FIELDS).all(|_| {
        let number = rest.strip_prefix(&[NEXT_LONG]).and_then(after_number);
        rest = number.unwrap_or_default();
        number.is_some()
    }) && matches!(rest.first(), Some(0x19 | 0x26))
}

/// What follows a number of variable length.
fn after_number(bytes: &[u8]) -> Option<&[u8]> {
    let len = bytes.iter().take(9).position(|byte| byte & 0x80 == 0)?;
    bytes.get(len + 1..)
}

fn read(stream: &mut dyn Stream, _: &str, visitor: &mut dyn Visitor) -> io::Result<()> {
    stream.consume(BROTLI.len());
    visitor.unopened("has columns that are compressed by Brotli: they are not unpacked");
    Ok(())
}
