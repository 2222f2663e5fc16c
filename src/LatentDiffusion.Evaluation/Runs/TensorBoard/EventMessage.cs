using Google.Protobuf;
using static Google.Protobuf.WireFormat;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// TensorFlow's <c>Event</c> message, limited to the fields used here (tensorflow/core/util/event.proto and
/// tensorflow/core/framework/summary.proto).
/// </summary>
internal static class EventMessage
{
    private const string Version = "brain.Event:2";
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5;
    private const int SummaryValue = 1, ValueTag = 1, SimpleValue = 2, ValueImage = 4;
    private const int ImageHeight = 1, ImageWidth = 2, ImageColors = 3, ImageBytes = 4;
    private const int Rgb = 3;

    /// <summary>The first event of a file.</summary>
    public static byte[] First(double seconds) => Message(output =>
    {
        Put(output, WallTime, seconds);
        output.WriteTag(FileVersion, WireType.LengthDelimited);
        output.WriteString(Version);
    });

    /// <summary>Numbers by tag.</summary>
    public static byte[] Scalars(double seconds, long step, IEnumerable<(string Tag, double Value)> values) =>
        Event(seconds, step, values.Select(v => Value(v.Tag, output =>
        {
            output.WriteTag(SimpleValue, WireType.Fixed32);
            output.WriteFloat((float)v.Value);
        })));

    /// <summary>One image.</summary>
    public static byte[] Image(double seconds, long step, string tag, int width, int height, byte[] png) =>
        Event(seconds, step, [Value(tag, output => Put(output, ValueImage, Message(image =>
        {
            Put(image, ImageHeight, height);
            Put(image, ImageWidth, width);
            Put(image, ImageColors, Rgb);
            Put(image, ImageBytes, png);
        })))]);

    /// <summary>Step and tags of an event.</summary>
    /// <exception cref="InvalidDataException">The bytes are not an event.</exception>
    public static (long Step, List<string> Tags) Read(ReadOnlyMemory<byte> data)
    {
        long step = 0;
        var tags = new List<string>();
        try
        {
            Visit(data, (field, input) =>
            {
                if (field == Step) step = input.ReadInt64();
                else if (field == Summary) Visit(input.ReadBytes().Memory, ReadValues);
                else return false;
                return true;
            });
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"The record is not an event: {e.Message}", e);
        }

        return (step, tags);

        bool ReadValues(int field, CodedInputStream input)
        {
            if (field != SummaryValue) return false;
            Visit(input.ReadBytes().Memory, (inner, value) =>
            {
                if (inner != ValueTag) return false;
                tags.Add(value.ReadString());
                return true;
            });
            return true;
        }
    }

    private static byte[] Event(double seconds, long step, IEnumerable<byte[]> values) => Message(output =>
    {
        Put(output, WallTime, seconds);
        Put(output, Step, step);
        Put(output, Summary, Message(summary =>
        {
            foreach (byte[] value in values) Put(summary, SummaryValue, value);
        }));
    });

    private static byte[] Value(string tag, Action<CodedOutputStream> content) => Message(output =>
    {
        output.WriteTag(ValueTag, WireType.LengthDelimited);
        output.WriteString(tag);
        content(output);
    });

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true)) write(output);
        return stream.ToArray();
    }

    private static void Put(CodedOutputStream output, int field, double value)
    {
        output.WriteTag(field, WireType.Fixed64);
        output.WriteDouble(value);
    }

    private static void Put(CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, WireType.Varint);
        output.WriteInt64(value);
    }

    private static void Put(CodedOutputStream output, int field, byte[] bytes)
    {
        output.WriteTag(field, WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }

    /// <summary>Visits the fields of a message; skips those that are not taken.</summary>
    private static void Visit(ReadOnlyMemory<byte> message, Func<int, CodedInputStream, bool> take)
    {
        using var input = new CodedInputStream(message.ToArray());
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
            if (!take(GetTagFieldNumber(tag), input)) input.SkipLastField();
    }
}
