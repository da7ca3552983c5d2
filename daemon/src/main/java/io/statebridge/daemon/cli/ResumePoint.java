package io.statebridge.daemon.cli;

import io.statebridge.proto.v1.WatchContainersRequest.Resume;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Where a watch goes on: {@code EPOCH:REVISION}, the revision being the last one that was seen. */
record ResumePoint(String epoch, long revision) {

  Resume toProto() {
    return Resume.newBuilder().setEpoch(epoch).setRevision(revision).build();
  }

  @Override
  public String toString() {
    return epoch + ":" + Long.toUnsignedString(revision);
  }

  static final class Converter implements ITypeConverter<ResumePoint> {
    @Override
    public ResumePoint convert(String text) {
      int colon = text.lastIndexOf(':');
      if (colon < 1) {
        throw refusal(text);
      }
      try {
        return new ResumePoint(
            text.substring(0, colon), Long.parseUnsignedLong(text.substring(colon + 1)));
      } catch (NumberFormatException e) {
        throw refusal(text);
      }
    }

    private static TypeConversionException refusal(String text) {
      return new TypeConversionException("'" + text + "' is not of the form EPOCH:REVISION");
    }
  }
}
