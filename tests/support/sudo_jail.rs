//! Asks sudo itself: a folder with the sudo of this machine, in which a test lays the accounts and rules of a system.
//!
//! No code of the project takes part, so its answers are a second opinion on those of the connector.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

/// A root directory with a sudo in it.
pub struct SudoJail {
    dir: tempfile::TempDir,
}

/// A request to sudo: target user, target group and command line.
pub type Request<'a> = (Option<&'a str>, Option<&'a str>, &'a [&'a str]);

/// Returns why sudo cannot be asked here, if so.
pub fn unavailable() -> Option<&'static str> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    match (root, Path::new("/usr/bin/sudo").exists()) {
        (false, _) => Some("only root may ask sudo in a folder of its own"),
        (_, false) => Some("there is no sudo here"),
        _ => None,
    }
}

impl SudoJail {
    /// Lays the programs.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let jail = Self { dir };
        for folder in [
            "usr/bin",
            "usr/sbin",
            "usr/lib",
            "usr/lib64",
            "etc/pam.d",
            "etc/sudoers.d",
            "run",
            "tmp",
            "var/lib/sudo",
            "dev",
        ] {
            fs::create_dir_all(jail.path(folder)).unwrap();
        }
        for folder in ["bin", "sbin", "lib", "lib64"] {
            symlink(format!("usr/{folder}"), jail.path(folder)).unwrap();
        }
        fs::set_permissions(jail.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let plugins = ["/usr/libexec/sudo", "/usr/lib/sudo"]
            .into_iter()
            .find(|p| Path::new(p).join("sudoers.so").exists())
            .unwrap();
        let security: PathBuf = fs::read_dir("/usr/lib")
            .unwrap()
            .map(|entry| entry.unwrap().path().join("security/pam_permit.so"))
            .find(|path| path.exists())
            .unwrap();
        let shell = PathBuf::from("/bin/sh").canonicalize().unwrap();
        let mut wanted = vec![PathBuf::from("/usr/bin/sudo"), security, shell.clone()];
        wanted.extend(fs::read_dir(plugins).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_file()));
        let libraries: Vec<PathBuf> = wanted.iter().flat_map(|file| libraries(file)).collect();
        for file in wanted.into_iter().chain(libraries) {
            let to = jail.path(file.to_str().unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            if !to.exists() {
                fs::copy(&file, &to).unwrap();
                fs::set_permissions(&to, fs::metadata(&file).unwrap().permissions()).unwrap();
            }
        }
        // The shell that repeats requests is no command of the system.
        fs::create_dir_all(jail.path("ask")).unwrap();
        fs::rename(jail.path(shell.to_str().unwrap()), jail.path("ask/sh")).unwrap();
        let permit = "auth sufficient pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n";
        jail.file("etc/pam.d/sudo", 0o644, permit);
        jail.file("etc/pam.d/sudo-i", 0o644, permit);
        jail.file("etc/hosts", 0o644, "127.0.0.1 localhost\n");
        let files =
            ["passwd", "group", "shadow", "netgroup", "hosts", "initgroups"].map(|name| format!("{name}: files\n"));
        jail.file("etc/nsswitch.conf", 0o644, &files.concat());
        jail
    }

    /// Returns the path of a file in the folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    /// Writes a file.
    pub fn file(&self, path: &str, mode: u32, text: &str) {
        let full = self.path(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(&full, text).unwrap();
        fs::set_permissions(&full, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Returns which requests a user with these groups may make: target user, target group and command line. One process
    /// asks them all.
    pub fn allowed<'a>(&self, uid: u32, groups: &[u32], requests: &[Request<'a>]) -> Vec<Request<'a>> {
        let list: Vec<String> = groups.iter().map(u32::to_string).collect();
        let mut script =
            String::from("ask() { out=$(/usr/bin/sudo -n -l \"$@\") && [ -n \"$out\" ] && echo 1 || echo 0; }\n");
        for (user, group, line) in requests {
            let options = [("-u", user), ("-g", group)].into_iter();
            let words = options.filter_map(|(option, name)| name.map(|name| format!("{option} {name} ")));
            let line: Vec<String> = line.iter().map(|word| format!("'{word}'")).collect();
            script.push_str(&format!("ask {}-- {}\n", words.collect::<String>(), line.join(" ")));
        }
        let mut call = Command::new("chroot");
        call.env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        call.arg(format!("--userspec={uid}:{}", groups.first().unwrap_or(&uid)))
            .arg(format!("--groups={}", list.join(",")))
            .arg(self.dir.path())
            .args(["/ask/sh", "-c", &script]);
        let out = call.output().unwrap();
        let answers: Vec<&[u8]> = out.stdout.split(|byte| *byte == b'\n').collect();
        assert_eq!(answers.len(), requests.len() + 1, "{}", String::from_utf8_lossy(&out.stderr));
        requests.iter().zip(answers).filter(|(_, answer)| *answer == b"1").map(|(request, _)| *request).collect()
    }

    /// Returns whether a user may run a command line, and what sudo complains about. The user asks, as in a login.
    pub fn allows(
        &self,
        uid: u32,
        groups: &[u32],
        runas: Option<&str>,
        group: Option<&str>,
        line: &[&str],
    ) -> (bool, String) {
        let list: Vec<String> = groups.iter().map(u32::to_string).collect();
        let mut call = Command::new("chroot");
        call.env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        call.arg(format!("--userspec={uid}:{}", groups.first().unwrap_or(&uid)))
            .arg(format!("--groups={}", list.join(",")));
        call.arg(self.dir.path()).args(["/usr/bin/sudo", "-n", "-l"]);
        if let Some(user) = runas {
            call.args(["-u", user]);
        }
        if let Some(group) = group {
            call.args(["-g", group]);
        }
        let out = call.arg("--").args(line).output().unwrap();
        (out.status.success() && !out.stdout.is_empty(), String::from_utf8_lossy(&out.stderr).into_owned())
    }
}

/// Returns the libraries of a program, as the loader finds them.
fn libraries(file: &Path) -> Vec<PathBuf> {
    let out = Command::new("ldd").arg(file).output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).filter(|p| p.exists()).collect()
}
