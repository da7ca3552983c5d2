package io.statebridge.daemon.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "watch",
    description = {
      "Print what exists, then every change as it happens, until interrupted.",
      "Goes on after a restart of the daemon, and prints what changed meanwhile."
    })
final class WatchCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ClientOptions options = new ClientOptions();
  @Mixin private FilterOptions filter = new FilterOptions();
  @Spec private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--resume",
      paramLabel = "EPOCH:REVISION",
      converter = ResumePoint.Converter.class,
      description = "Print only the changes after this revision, as an earlier watch printed it.")
  private @Nullable ResumePoint resume;

  WatchCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    WatchPrinter printer =
        switch (options.output()) {
          case TABLE -> new WatchTable(terminal);
          case JSON -> new WatchJson(terminal.out());
        };
    new WatchLoop(options.socket(), filter.toProto(command), resume, terminal, printer).run();
    // Nobody reads it any more.
    return ExitStatus.FAILED;
  }
}
