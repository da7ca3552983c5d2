package io.statebridge.endtoend;

import io.statebridge.api.ContainerId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A runc that does all but start the containers that it was told not to start. */
record RefusingRunc(Path directory) {
  static final String WORDS = "the start was refused";

  /** Makes it in a directory, which is to come first in the PATH of a containerd. */
  static RefusingRunc in(Path directory) {
    Path runc = Program.require("runc", "runc");
    try {
      Files.createDirectories(directory);
      Path script =
          Files.writeString(
              directory.resolve("runc"),
              """
              #!/bin/sh
              for last; do :; done
              case " $* " in
                *" start "*) if [ -e "%s/$last.refused" ]; then echo "%s" >&2; exit 1; fi ;;
              esac
              exec %s "$@"
              """
                  .formatted(directory, WORDS, runc));
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new RefusingRunc(directory);
  }

  void refuseToStart(ContainerId id) {
    try {
      Files.createFile(directory.resolve(id.id() + ".refused"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
