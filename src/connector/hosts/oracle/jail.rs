//! A private directory in which sudo decides by a copy of a system's rules.

use super::{
    super::{
        remaining_access::AccessReader,
        rights::{SudoRequest, SudoSubject, paths_with_name},
        snapshot::{GROUP, PASSWD, SUDOERS},
    },
    programs::{SUDO, SudoPrograms, programs},
};
use crate::model::Answer;
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
    process::{Command, Stdio},
};

/// The directory; it is removed with the value.
pub(super) struct SudoJail {
    private: PathBuf,
    root: PathBuf,
    programs: &'static SudoPrograms,
    /// The path of the first copy of each inode.
    inodes: BTreeMap<(u64, u64), PathBuf>,
}

impl Drop for SudoJail {
    fn drop(&mut self) {
        // What cannot be removed is readable by root alone.
        let _ = fs::remove_dir_all(&self.private);
    }
}

impl SudoJail {
    /// Builds the directory for requests about these commands.
    pub(super) fn build(reader: &AccessReader<'_>, commands: &[&str]) -> Result<Self, String> {
        let programs = programs()?;
        let mut name = [0_u8; 8];
        getrandom::fill(&mut name).map_err(|error| error.to_string())?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let private = std::env::temp_dir().join(format!("tenure-sudo-{name}"));
        DirBuilder::new().mode(0o700).create(&private).map_err(|error| format!("{}: {error}", private.display()))?;
        let root = private.join("root");
        let mut jail = Self { private, root, programs, inodes: BTreeMap::new() };
        jail.lay(reader, commands).map_err(|error| format!("the copy of the rules cannot be made: {error}"))?;
        Ok(jail)
    }

    fn lay(&mut self, reader: &AccessReader<'_>, commands: &[&str]) -> io::Result<()> {
        self.directory(Path::new(""))?;
        for file in &self.programs.files {
            self.copy(Path::new("/"), file, Some(file))?;
        }
        let permit = "auth sufficient pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n";
        for name in ["sudo", "sudo-i", "other"] {
            self.file(&format!("/etc/pam.d/{name}"), 0o644, permit.as_bytes())?;
        }
        self.file("/etc/hosts", 0o644, b"127.0.0.1 localhost\n")?;
        let databases = ["passwd", "group", "shadow", "netgroup", "hosts", "sudoers"];
        self.file("/etc/nsswitch.conf", 0o644, databases.map(|name| format!("{name}: files\n")).concat().as_bytes())?;
        let bytes =
            |path: &str| reader.tree.files.get(path).map(|content| content.bytes.as_slice()).unwrap_or_default();
        self.file(PASSWD, 0o644, bytes(PASSWD))?;
        self.file(GROUP, 0o644, bytes(GROUP))?;
        let netgroup = reader.root.read_moving("/etc/netgroup").ok().flatten().unwrap_or_default();
        self.file("/etc/netgroup", 0o644, &netgroup)?;
        for (path, _) in &reader.tree.sudoers.files {
            let own = match path == SUDOERS {
                // A list of rights needs no password, and neither a terminal nor a log.
                true => [b"Defaults listpw=never\n", bytes(path), QUIET].concat(),
                false => bytes(path).to_vec(),
            };
            self.file(path, 0o440, &own)?;
        }
        for command in commands {
            for path in paths_with_name(&reader.world, command) {
                self.copy(reader.root.path(), Path::new(&path), None)?;
            }
            if !self.root.join(command.trim_start_matches('/')).exists() {
                self.file(command, 0o755, b"")?;
            }
        }
        Ok(())
    }

    /// Copies a path below `from` with its symbolic links: the content of `content`, or an empty program. Two paths of
    /// one file are one file again.
    fn copy(&mut self, from: &Path, path: &Path, content: Option<&Path>) -> io::Result<()> {
        let mut rest: Vec<PathBuf> = vec![path.to_owned()];
        let mut here = PathBuf::new();
        let mut links = 0;
        while let Some(path) = rest.pop() {
            let mut parts = path.components();
            let Some(part) = parts.next() else { continue };
            let after = parts.as_path().to_owned();
            let last = after.as_os_str().is_empty() && rest.iter().all(|path| path.as_os_str().is_empty());
            rest.push(after);
            match part {
                Component::RootDir => here = PathBuf::new(),
                Component::ParentDir => drop(here.pop()),
                Component::Normal(name) => {
                    let there = here.join(name);
                    let Ok(found) = fs::symlink_metadata(from.join(&there)) else { return Ok(()) };
                    if found.is_symlink() {
                        let target = fs::read_link(from.join(&there))?;
                        links += 1;
                        if links > 40 {
                            return Ok(());
                        }
                        match symlink(&target, self.root.join(&there)) {
                            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                            _ => rest.push(target),
                        }
                    } else if last && !found.is_dir() {
                        return self.leaf(&there, (found.dev(), found.ino()), content);
                    } else {
                        self.directory(&there)?;
                        here = there;
                    }
                }
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        Ok(())
    }

    fn leaf(&mut self, path: &Path, inode: (u64, u64), content: Option<&Path>) -> io::Result<()> {
        let to = self.root.join(path);
        if to.exists() {
            return Ok(());
        }
        if let Some(content) = content {
            fs::copy(content, &to)?;
            // The bit that lets sudo become root is not copied with the content.
            return fs::set_permissions(&to, Permissions::from_mode(fs::metadata(content)?.mode() & 0o7755));
        }
        if let Some(known) = self.inodes.get(&inode) {
            return fs::hard_link(known, &to);
        }
        fs::write(&to, b"")?;
        fs::set_permissions(&to, Permissions::from_mode(0o755))?;
        self.inodes.insert(inode, to);
        Ok(())
    }

    fn directory(&self, path: &Path) -> io::Result<()> {
        let mut made = self.root.clone();
        for part in std::iter::once(Path::new("")).chain(path.iter().map(Path::new)) {
            made.push(part);
            match DirBuilder::new().mode(0o755).create(&made) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) => {}
                // Regardless of the mask of this process.
                Ok(()) => fs::set_permissions(&made, Permissions::from_mode(0o755))?,
            }
        }
        Ok(())
    }

    fn file(&self, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
        let path = Path::new(path.trim_start_matches('/'));
        if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(io::Error::other(format!("{} is not a plain path", path.display())));
        }
        self.directory(path.parent().unwrap_or(Path::new("")))?;
        let to = self.root.join(path);
        fs::write(&to, bytes)?;
        fs::set_permissions(&to, Permissions::from_mode(mode))
    }

    /// Asks as the user, with the groups of its login.
    pub(super) fn ask(&self, subject: &SudoSubject, request: &SudoRequest, host: Option<&str>) -> Answer {
        let groups: Vec<String> = subject.gids.iter().map(u32::to_string).collect();
        let mut call = Command::new(&self.programs.chroot);
        call.env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
        call.arg(format!("--userspec={}:{}", subject.uid, subject.gid)).arg(format!("--groups={}", groups.join(",")));
        call.arg(&self.root).args([SUDO, "-n", "-l"]);
        for (option, value) in [("-u", request.user.as_deref()), ("-g", request.group.as_deref()), ("-h", host)] {
            if let Some(value) = value {
                call.args([option, value]);
            }
        }
        call.arg("--").arg(&request.command);
        call.args(request.arguments.iter().flat_map(|arguments| arguments.split(' ')));
        let mut attempt = 0;
        let out = loop {
            attempt += 1;
            match call.output() {
                // Another thread started a process while the copy was written, which still has it open.
                Ok(out) if attempt < 20 && contains(&out.stderr, "Text file busy") => {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
                Ok(out) => break out,
                Err(error) => return Answer::CannotAsk(format!("sudo cannot be run: {error}")),
            }
        };
        if out.status.success() && !out.stdout.is_empty() {
            return Answer::Allowed(format!(
                "sudo {} -l, asked as {} in a copy of the rules",
                self.programs.version, subject.login
            ));
        }
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        let complaint = text.lines().find(|line| {
            line.starts_with("sudo:") && !HARMLESS.iter().any(|part| line.contains(part))
                || line.contains("syntax error")
                || line.starts_with("chroot:")
        });
        match complaint {
            Some(line) => Answer::CannotAsk(format!("sudo {}: {line}", self.programs.version)),
            None => Answer::Denied,
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}

/// Messages beside an answer.
const HARMLESS: [&str; 2] = ["unable to resolve host", "unable to send audit message"];

const QUIET: &[u8] = b"\nDefaults !requiretty, !logfile, !syslog, !fqdn, !lecture, !mail_always, !mail_badpass, !mail_no_host, !mail_no_perms, !mail_no_user\n";
