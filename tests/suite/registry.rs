//! The client of registries against Debian's `docker-registry`, to which `skopeo` pushes.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use oci_spec::image::{Descriptor, Digest, ImageIndex, ImageManifest};
use serde_json::json;
use stagebook::config::{AuthFile, Proxies};
use stagebook::diagnostic::{chain, hexadecimal};
use stagebook::image::registry::{
    Credentials, Patience, Registry, RegistryError, RegistryOptions, RegistryReference,
};

use crate::project::{Project, has, skipped, until, wait};

/// A user `me` with the password `pass`, as htpasswd writes them.
const USERS: &str = "me:$2b$05$abcdefghijklmnopqrstuuZFBUbfXoM8LFiPx8LYlO/sXZB/Cwk3K\n";

/// Returns whether the programs are there; without them a test is skipped, unless CI runs it.
fn is_possible(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| !has(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let why = format!("needs {}", missing.join(", "));
    assert!(std::env::var_os("CI").is_none(), "{test}: {why}");
    skipped(test, &why);
    false
}

/// A registry on this machine, as long as the test.
struct Server {
    child: Child,
    host: String,
}

impl Server {
    /// Starts one; `http` is what its settings say of how it is asked, and `auth` of whom.
    fn start(project: &Project, http: &serde_json::Value, auth: &serde_json::Value) -> Self {
        // Someone else may take the port that was free a moment ago.
        let started = (0..5).find_map(|_| Self::try_start(project, http.clone(), auth));
        started.expect("docker-registry can be started")
    }

    fn try_start(project: &Project, mut http: serde_json::Value, auth: &serde_json::Value) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        http["addr"] = free.to_string().into();
        let mut settings = json!({
            "version": "0.1", "log": {"level": "warn", "accesslog": {"disabled": true}}, "http": http,
            "storage": {"filesystem": {"rootdirectory": project.outside().join("kept")}},
        });
        if !auth.is_null() {
            settings["auth"] = auth.clone();
        }
        project.write("registry.yml", settings.to_string());
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(project.path("registry.yml"));
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = quiet.spawn().expect("docker-registry is there");
        let mut server = Self { child, host: free.to_string() };
        until("the registry listens", || match server.child.try_wait().unwrap() {
            Some(_) => Some(None),
            None => TcpStream::connect(free).ok().map(Some),
        })?;
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        wait(&mut self.child);
    }
}

fn skopeo(project: &Project, arguments: &[&str]) {
    let mut command = project.command("skopeo");
    let done = project.finish(command.args(arguments), "");
    assert!(done.status.success(), "{arguments:?}: {}", done.stderr);
}

/// Writes a blob of a layout, and returns its descriptor.
fn blob(layout: &Path, media_type: &str, bytes: &[u8]) -> serde_json::Value {
    use sha2::{Digest as _, Sha256};
    let digest = hexadecimal(&Sha256::digest(bytes));
    fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    fs::write(layout.join("blobs/sha256").join(&digest), bytes).unwrap();
    json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()})
}

/// Writes a layout with an image `1` and an index `all` of that image; returns their digests.
fn write_layout(layout: &Path) -> [Digest; 2] {
    let oci = |name: &str| format!("application/vnd.oci.image.{name}");
    // What skopeo takes for compressed it leaves as it is.
    let layer: Vec<u8> =
        [0x1f, 0x8b, 8].into_iter().chain((0..300_000).map(|number| (number % 253) as u8)).collect();
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", "0".repeat(64))]},
    });
    let manifest = json!({
        "schemaVersion": 2, "mediaType": oci("manifest.v1+json"),
        "config": blob(layout, &oci("config.v1+json"), config.to_string().as_bytes()),
        "layers": [blob(layout, &oci("layer.v1.tar+gzip"), &layer)],
    });
    let mut image = blob(layout, &oci("manifest.v1+json"), manifest.to_string().as_bytes());
    image["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let index = json!({"schemaVersion": 2, "mediaType": oci("index.v1+json"), "manifests": [image]});
    let index = blob(layout, &oci("index.v1+json"), index.to_string().as_bytes());
    let digests = [&image, &index].map(|descriptor| descriptor["digest"].as_str().unwrap().parse().unwrap());
    let named = |mut descriptor: serde_json::Value, name: &str| {
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        descriptor
    };
    let index = json!({"schemaVersion": 2, "manifests": [named(image, "1"), named(index, "all")]});
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    digests
}

fn push(project: &Project, server: &Server, more: &[&str]) -> [Digest; 2] {
    let layout = project.path("layout");
    let digests = write_layout(&layout);
    for name in ["1", "all"] {
        let from = format!("oci:{}:{name}", layout.display());
        let to = format!("docker://{}/team/app:{name}", server.host);
        let copy = ["copy", "--insecure-policy", "--dest-tls-verify=false", "--all", &from, &to];
        skopeo(project, &[&copy[..], more].concat());
    }
    digests
}

fn options(credentials: Credentials) -> RegistryOptions {
    let (proxies, insecure, patience) = (Proxies::default(), Vec::new(), Patience::default());
    RegistryOptions { proxies, timeout: Duration::from_secs(30), insecure, credentials, patience }
}

fn connect(image: &str, options: RegistryOptions) -> Result<Registry, RegistryError> {
    Registry::connect(RegistryReference::parse(image).expect("it is a name"), options)
}

/// Reads an image with its config and its layers; returns its descriptor.
fn read(project: &Project, registry: &Registry) -> Descriptor {
    let (descriptor, bytes) = registry.resolve().unwrap();
    let manifest: ImageManifest = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(registry.document(&descriptor).unwrap(), bytes);
    let kept = |descriptor: &Descriptor| {
        fs::read(project.path("layout/blobs/sha256").join(descriptor.digest().digest())).unwrap()
    };
    assert_eq!(registry.document(manifest.config()).unwrap(), kept(manifest.config()));
    for layer in manifest.layers() {
        let to = project.path("layer");
        registry.fetch(layer, &to).unwrap();
        assert!(fs::read(&to).unwrap() == kept(layer));
    }
    descriptor
}

#[test]
fn images_come_back_as_they_were_pushed() {
    if !is_possible("images of a registry", &["docker-registry", "skopeo"]) {
        return;
    }
    let project = Project::new();
    let server = Server::start(&project, &json!({}), &json!(null));
    let [image, index] = push(&project, &server, &[]);
    let of = |name: &str| {
        connect(&format!("{}/team/{name}", server.host), options(Credentials::default())).unwrap()
    };

    assert_eq!(read(&project, &of("app:1")).digest(), &image);
    assert_eq!(read(&project, &of(&format!("app@{image}"))).digest(), &image);
    let (all, bytes) = of("app:all").resolve().unwrap();
    assert_eq!(all.digest(), &index);
    let all: ImageIndex = serde_json::from_slice(&bytes).unwrap();
    of("app:all").document(&all.manifests()[0]).unwrap();

    let error = of("app:2").resolve().unwrap_err();
    assert!(error.is_missing() && error.to_string().contains("MANIFEST_UNKNOWN"), "{error}");
    let error = of("nothing:1").resolve().unwrap_err();
    assert!(error.is_missing(), "{error}");

    // It does not know the question for referrers.
    assert_eq!(of("app:1").referrers(&image).unwrap(), []);
    let from = format!("docker://{}/team/app:all", server.host);
    let to = format!("docker://{}/team/app:sha256-{}", server.host, image.digest());
    let lax = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    skopeo(&project, &[&["copy", "--insecure-policy", "--all"][..], &lax, &[&from, &to]].concat());
    let referrers = of("app:1").referrers(&image).unwrap();
    assert_eq!(referrers.iter().map(Descriptor::digest).collect::<Vec<_>>(), [&image]);
}

#[test]
fn login_of_skopeo_lets_in() {
    if !is_possible("logins for a registry", &["docker-registry", "skopeo"]) {
        return;
    }
    let project = Project::new();
    project.write("users", USERS);
    let auth = json!({"htpasswd": {"realm": "it", "path": project.path("users")}});
    let server = Server::start(&project, &json!({}), &auth);
    let auth_file = project.path("auth.json");
    let path = auth_file.to_str().unwrap();
    let login = ["login", "--tls-verify=false", "--authfile", path, "-u", "me", "-p", "pass", &server.host];
    skopeo(&project, &login);
    push(&project, &server, &["--authfile", path]);

    let image = format!("{}/team/app:1", server.host);
    let credentials = Credentials::parse(&[AuthFile::read(&auth_file).unwrap()]).unwrap();
    read(&project, &connect(&image, options(credentials)).unwrap());
    let error = connect(&image, options(Credentials::default())).unwrap().resolve().unwrap_err();
    assert!(matches!(error, RegistryError::Denied { login: None, .. }), "{error}");
    assert!(error.to_string().contains("UNAUTHORIZED"), "{error}");
    assert!(error.help().unwrap().contains("skopeo login"), "{error}");
}

/// A proxy that leads to one host whatever it is asked for; returns where it listens.
fn tunnel(to: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (own, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let there = TcpStream::connect(&to).expect("the registry runs");
            // Whoever hangs up has what it wanted.
            std::thread::spawn(move || drop(lead(stream, there)));
        }
    });
    own
}

fn lead(mut here: TcpStream, mut there: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(here.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    here.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut back, mut to_here) = (there.try_clone()?, here.try_clone()?);
    std::thread::spawn(move || drop(std::io::copy(&mut back, &mut to_here)));
    std::io::copy(&mut reader, &mut there).map(drop)
}

#[test]
fn certificate_that_nobody_signed_is_for_hosts_that_are_named() {
    if !is_possible("certificates of registries", &["docker-registry", "skopeo", "openssl"]) {
        return;
    }
    let project = Project::new();
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem \
                  -out own.pem -subj /CN=registry.test -addext subjectAltName=DNS:registry.test -days 2";
    let mut command = project.command("sh");
    let made = project.finish(command.args(["-ec", script]).current_dir(project.outside().join("home")), "");
    assert!(made.status.success(), "{}", made.stderr);
    let path = |name: &str| project.outside().join("home").join(name);
    let http = json!({"tls": {"certificate": path("own.pem"), "key": path("key.pem")}});
    let server = Server::start(&project, &http, &json!(null));
    push(&project, &server, &[]);

    // On this machine nobody need prove who they are.
    let local = format!("{}/team/app:1", server.host);
    read(&project, &connect(&local, options(Credentials::default())).unwrap());

    let proxy = format!("http://{}", tunnel(&server.host));
    let through = |insecure: &[&str]| {
        let proxies = Proxies { all: proxy.clone(), ..Proxies::default() };
        let insecure = insecure.iter().map(|&host| host.to_owned()).collect();
        connect(
            "registry.test/team/app:1",
            RegistryOptions { proxies, insecure, ..options(Credentials::default()) },
        )
    };
    read(&project, &through(&["registry.test"]).unwrap());
    let error = through(&[]).unwrap().resolve().unwrap_err();
    let expected = "`registry.test` did not answer: the host's certificate is not trusted";
    assert!(chain(&error).starts_with(expected), "{}", chain(&error));
    assert!(error.help().unwrap().contains("SSL_CERT_FILE"), "{error}");
}
