//! The parts of a sparse file that have data. The holes between them are zeros, and are not read.

use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;

use super::system::{next_data, stored_size};

/// Smaller files are read with their holes.
const MIN_SPARSE: u64 = 1 << 20;

/// Whether so much less is stored than the size of the file that its holes are worth skipping.
pub(super) fn is_sparse(meta: &Metadata) -> bool {
    meta.len() > MIN_SPARSE && stored_size(meta) < meta.len() / 2
}

/// The ranges that have data; for a file that is not sparse, all of it.
pub(super) fn data_extents(file: &File, meta: &Metadata) -> impl Iterator<Item = io::Result<Range<u64>>> {
    let (len, sparse) = (meta.len(), is_sparse(meta));
    let mut from = 0;
    std::iter::from_fn(move || {
        if !sparse {
            let start = std::mem::replace(&mut from, len);
            return (start < len).then_some(Ok(start..len));
        }
        let extent = next_data(file, from).map(|found| found.map(|data| data.start..data.end.min(len))).transpose()?;
        // The iterator ends after an error.
        from = extent.as_ref().map_or(len, |extent| extent.end);
        (!matches!(&extent, Ok(extent) if extent.is_empty())).then_some(extent)
    })
}
