using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Tests.Evaluation;

/// <summary>A second reader of event files, written only from the format's description: TFRecord frames, and protobuf by hand.</summary>
internal static class TensorBoardReader
{
    internal sealed record Event(double WallTime, long Step, string? Version, List<Value> Values);

    internal sealed record Value(string Tag, float? Number, long Height, long Width, long Colors, byte[]? Image);

    public static List<Event> Read(string path)
    {
        byte[] file;
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        {
            file = new byte[stream.Length];
            stream.ReadExactly(file);
        }

        var events = new List<Event>();
        for (int at = 0; at < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Check(file.AsSpan(at, 8), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            byte[] data = file[(at + 12)..(at + 12 + length)];
            Check(data, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            events.Add(Parse(data));
            at += 16 + length;
        }

        return events;
    }

    /// <summary>CRC-32C a bit at a time.</summary>
    public static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint sum = 0xFFFFFFFF;
        foreach (byte b in data)
        {
            sum ^= b;
            for (int bit = 0; bit < 8; bit++) sum = (sum & 1) == 1 ? (sum >> 1) ^ 0x82F63B78 : sum >> 1;
        }

        return ~sum;
    }

    private static void Check(ReadOnlySpan<byte> data, uint stored)
    {
        uint sum = Checksum(data), masked = ((sum >> 15) | (sum << 17)) + 0xA282EAD8;
        if (masked != stored) throw new InvalidDataException($"checksum {stored:x8}, expected {masked:x8}");
    }

    private static Event Parse(byte[] data)
    {
        double time = 0;
        long step = 0;
        string? version = null;
        var values = new List<Value>();
        foreach ((int field, object value) in Fields(data))
        {
            if (field == 1) time = BitConverter.Int64BitsToDouble((long)value);
            else if (field == 2) step = (long)value;
            else if (field == 3) version = Encoding.UTF8.GetString((byte[])value);
            else if (field == 5) values.AddRange(Fields((byte[])value).Where(f => f.Field == 1).Select(f => ParseValue((byte[])f.Value)));
        }

        return new Event(time, step, version, values);
    }

    private static Value ParseValue(byte[] data)
    {
        Dictionary<int, object> fields = Fields(data).ToDictionary(f => f.Field, f => f.Value);
        string tag = Encoding.UTF8.GetString((byte[])fields[1]);
        if (fields.TryGetValue(2, out object? number))
            return new Value(tag, BitConverter.Int32BitsToSingle((int)(long)number), 0, 0, 0, null);
        Dictionary<int, object> image = Fields((byte[])fields[4]).ToDictionary(f => f.Field, f => f.Value);
        return new Value(tag, null, (long)image[1], (long)image[2], (long)image[3], (byte[])image[4]);
    }

    private static List<(int Field, object Value)> Fields(byte[] data)
    {
        var fields = new List<(int, object)>();
        int at = 0;
        while (at < data.Length)
        {
            long key = Varint();
            object value;
            switch (key & 7)
            {
                case 0: value = Varint(); break;
                case 1: value = BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(at)); at += 8; break;
                case 2: int length = (int)Varint(); value = data[at..(at + length)]; at += length; break;
                case 5: value = (long)BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(at)); at += 4; break;
                default: throw new InvalidDataException($"wire type {key & 7}");
            }

            fields.Add(((int)(key >> 3), value));
        }

        return fields;

        long Varint()
        {
            long value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = data[at++];
                value |= (long)(b & 0x7F) << shift;
                if (b < 0x80) return value;
            }
        }
    }
}
