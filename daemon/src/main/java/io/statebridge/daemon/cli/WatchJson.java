package io.statebridge.daemon.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.statebridge.proto.v1.WatchContainersResponse;
import java.io.IOException;
import java.io.PrintStream;

/** One JSON object a message, progress marks included: they are what a program resumes from. */
record WatchJson(PrintStream out) implements WatchPrinter {

  @Override
  public void print(WatchContainersResponse change) {
    Json.printLine(out, json -> write(json, change));
  }

  private static void write(JsonGenerator json, WatchContainersResponse change) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", change.getType().name());
    json.writeStringField("epoch", change.getEpoch());
    Json.unsigned(json, "revision", change.getRevision());
    json.writeFieldName("container");
    if (change.hasContainer()) {
      new ContainerJson(change.getContainer()).write(json);
    } else {
      json.writeNull();
    }
    json.writeEndObject();
  }
}
