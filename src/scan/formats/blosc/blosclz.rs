//! BloscLZ, the codec that Blosc brings itself: literals and copies of what was there before, in the manner of FastLZ.

/// Copies from farther away than this have a longer distance behind them.
const MAX_DISTANCE: usize = 8191;

/// Decompresses a stream that has as many bytes as `into`. `None`: it is broken.
pub(super) fn decompress(packed: &[u8], into: &mut [u8]) -> Option<()> {
    let mut input = packed.iter().copied();
    let mut written = 0;
    // The first is always a literal.
    let mut control = input.next()? & 31;
    loop {
        match control {
            ..32 => {
                for place in into.get_mut(written..=written + usize::from(control))? {
                    *place = input.next()?;
                }
                written += usize::from(control) + 1;
            }
            _ => written = copy(control, &mut input, into, written)?,
        }
        match input.next() {
            Some(next) => control = next,
            None => return (written == into.len()).then_some(()),
        }
    }
}

/// Copies what was written before; returns how much is written then.
fn copy(control: u8, input: &mut impl Iterator<Item = u8>, into: &mut [u8], written: usize) -> Option<usize> {
    let mut len = usize::from(control >> 5) - 1;
    if len == 6 {
        loop {
            let more = input.next()?;
            len += usize::from(more);
            if more != 255 {
                break;
            }
        }
    }
    let (high, low) = (usize::from(control & 31) << 8, usize::from(input.next()?));
    let distance = match (high, low) {
        (0x1f00, 255) => (usize::from(input.next()?) << 8) + usize::from(input.next()?) + MAX_DISTANCE,
        _ => high + low,
    };
    let from = written.checked_sub(distance + 1)?;
    let end = written + len + 3;
    if end > into.len() {
        return None;
    }
    // What is copied may reach into what it writes.
    (written..end).for_each(|at| into[at] = into[from + at - written]);
    Some(end)
}
