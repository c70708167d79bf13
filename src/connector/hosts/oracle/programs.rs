//! sudo of this machine, with the libraries that it loads.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The programs that a copy of sudo needs.
#[derive(Clone, Debug)]
pub(super) struct SudoPrograms {
    /// Such as `1.9.13p3`.
    pub version: String,
    /// The files to copy.
    pub files: Vec<PathBuf>,
    /// The program that changes the root directory.
    pub chroot: PathBuf,
}

/// Returns the programs of this machine, or why sudo cannot be asked here.
pub(super) fn programs() -> Result<&'static SudoPrograms, String> {
    static FOUND: OnceLock<Result<SudoPrograms, String>> = OnceLock::new();
    FOUND.get_or_init(find).as_ref().map_err(Clone::clone)
}

fn find() -> Result<SudoPrograms, String> {
    if !rustix::process::geteuid().is_root() {
        return Err("only root can ask sudo in a directory of its own".to_owned());
    }
    let sudo = Path::new(SUDO);
    let version = output(Command::new(sudo).arg("-V"))?;
    let version = version.lines().next().and_then(|line| line.strip_prefix("Sudo version "));
    let version = version.ok_or("the sudo of this machine is another implementation")?.trim().to_owned();
    if !version.starts_with("1.8.") && !version.starts_with("1.9.") {
        return Err(format!("sudo {version} is not known"));
    }
    let plugins = first(&PLUGINS.map(PathBuf::from), "sudoers.so")?;
    let chroot = first(&CHROOT.map(PathBuf::from), "chroot")?.join("chroot");
    let libraries = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"].map(PathBuf::from);
    let nested =
        libraries.iter().flat_map(|path| fs::read_dir(path).into_iter().flatten().flatten()).map(|entry| entry.path());
    let security: Vec<PathBuf> = nested.chain(libraries.clone()).map(|path| path.join("security")).collect();
    let permit = first(&security, "pam_permit.so")?.join("pam_permit.so");
    let plugins = fs::read_dir(&plugins).map_err(|error| format!("{}: {error}", plugins.display()))?;
    let mut roots = vec![sudo.to_owned(), permit];
    roots.extend(plugins.flatten().map(|entry| entry.path()).filter(|path| path.is_file()));
    let mut files: BTreeSet<PathBuf> = roots.iter().cloned().collect();
    for file in roots.iter().filter(|file| !file.to_string_lossy().contains("python")) {
        let text = output(Command::new("/usr/bin/ldd").arg(file)).unwrap_or_default();
        let paths = text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
        files.extend(paths.filter(|path| path.is_file()));
    }
    // C libraries before 2.34 load the lookup of files by name.
    for directory in nested_of(&libraries) {
        let lookup = directory.join("libnss_files.so.2");
        files.extend(lookup.is_file().then_some(lookup));
    }
    Ok(SudoPrograms { version, files: files.into_iter().collect(), chroot })
}

fn nested_of(libraries: &[PathBuf]) -> Vec<PathBuf> {
    let nested = libraries.iter().flat_map(|path| fs::read_dir(path).into_iter().flatten().flatten());
    nested.map(|entry| entry.path()).filter(|path| path.is_dir()).chain(libraries.iter().cloned()).collect()
}

fn first(directories: &[PathBuf], file: &str) -> Result<PathBuf, String> {
    let found = directories.iter().find(|directory| directory.join(file).is_file());
    found.cloned().ok_or_else(|| format!("this machine has no {file}"))
}

fn output(command: &mut Command) -> Result<String, String> {
    let out =
        command.env_clear().env("LC_ALL", "C").output().map_err(|error| format!("sudo cannot be run: {error}"))?;
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The path of sudo, here and in the copy.
pub(super) const SUDO: &str = "/usr/bin/sudo";
const PLUGINS: [&str; 4] = ["/usr/libexec/sudo", "/usr/lib/sudo", "/usr/lib64/sudo", "/usr/local/libexec/sudo"];
const CHROOT: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
