//! Compiles the C++ half of the bridge to dlib, where faces are switched on.

fn main() {
    #[cfg(feature = "faces")]
    compile_faces();
}

#[cfg(feature = "faces")]
fn compile_faces() {
    let sources = ["src/faces/bridge.rs", "src/faces/dlib.cc", "src/faces/dlib.h"];
    for source in sources {
        println!("cargo:rerun-if-changed={source}");
    }
    cxx_build::bridge(sources[0])
        .file(sources[1])
        .std("c++14")
        // Detecting and describing are loops over numbers: without this they take twenty times as long.
        .opt_level(3)
        .define("NDEBUG", None)
        .warnings(false)
        .compile("ocellus-faces");
    for library in ["dlib", "openblas", "lapack"] {
        println!("cargo:rustc-link-lib={library}");
    }
}
