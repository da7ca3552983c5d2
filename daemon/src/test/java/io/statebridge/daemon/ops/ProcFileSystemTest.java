package io.statebridge.daemon.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a /proc of the test's own: an init process 20 whose parent, the shim, is 10. */
final class ProcFileSystemTest {
  private static final ContainerId WEB = new ContainerId("k8s.io", "web");

  private final Path proc;
  private final Path bundles;
  private final ProcFileSystem processes;

  ProcFileSystemTest(@TempDir Path directory) throws IOException {
    proc = Files.createDirectory(directory.resolve("proc"));
    bundles = Files.createDirectories(directory.resolve("state/k8s.io"));
    processes = new ProcFileSystem(proc);
    Path init = Files.createDirectory(proc.resolve("20"));
    Files.writeString(init.resolve("status"), "Name:\tsleep\nPid:\t20\nPPid:\t10\n");
    Files.createDirectory(proc.resolve("10"));
  }

  private void shimWorksIn(Path directory) throws IOException {
    Files.createSymbolicLink(proc.resolve("10/cwd"), directory);
  }

  @Test
  void theShimOfOneContainerWorksInItsBundle() throws IOException {
    Path bundle = Files.createDirectory(bundles.resolve("web"));
    shimWorksIn(bundle);

    assertThat(processes.bundleOf(WEB, 20)).contains(bundle.toString());
  }

  @Test
  void theBundlesOfAPodThatShareAShimAreBesideEachOther() throws IOException {
    shimWorksIn(Files.createDirectory(bundles.resolve("sandbox")));
    Path bundle = Files.createDirectory(bundles.resolve("web"));

    assertThat(processes.bundleOf(WEB, 20)).contains(bundle.toString());
  }

  @Test
  void aProcessThatIsNoShimsChildHasNoBundle() throws IOException {
    shimWorksIn(Path.of("/"));

    assertThat(processes.bundleOf(WEB, 20)).isEmpty();
  }

  @Test
  void aBundleThatIsNotThereIsNone() throws IOException {
    shimWorksIn(Files.createDirectory(bundles.resolve("sandbox")));

    assertThat(processes.bundleOf(WEB, 20)).isEmpty();
  }

  @Test
  void aProcessThatIsGoneHasNoBundle() {
    assertThat(processes.bundleOf(WEB, 21)).isEmpty();
  }

  @Test
  void aProcessWasStartedBeforeNow() {
    assertThat(processes.startOf(ProcessHandle.current().pid()).orElseThrow())
        .isBefore(Instant.now());
  }
}
