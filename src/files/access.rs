//! Types that both systems share: who may use a file, whether symbolic links are followed, what identifies a file.

/// The volume and the number of a file on it (Unix: device and inode): the same for every name of the file.
pub type Identity = (u64, u64);

/// Who owns a file or a folder, and who may use it.
pub(super) struct Access {
    /// Owned by this user or by root.
    pub(super) owned: bool,
    /// Users other than the owner may read it.
    pub(super) shared: bool,
    /// Owned by this user or by root, and writable for the owner only.
    pub(super) trusted: bool,
    /// Owned by this user, and writable for this user only.
    pub(super) exclusive: bool,
    /// Owned by this user, and without any permission for other users.
    pub(super) private: bool,
}

/// What happens where the path names a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symlinks {
    /// The link's target is opened.
    Follow,
    /// Opening fails.
    Refuse,
}
