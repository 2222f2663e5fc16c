using System.Runtime.InteropServices;
using System.Text;

namespace LatentDiffusion.Checkpoints;

/// <summary>Values of the metadata of GGUF files, by the numbers of their types.</summary>
internal static class GgufValue
{
    private const uint Text = 8, List = 9;

    /// <summary>Maximum depth of arrays in arrays. No published file has any.</summary>
    private const int MaximumDepth = 4;

    private const int LongestName = 200;

    /// <summary>The .NET type of each number; strings and arrays are read otherwise.</summary>
    private static readonly Type?[] s_types =
    [
        typeof(byte), typeof(sbyte), typeof(ushort), typeof(short), typeof(uint), typeof(int), typeof(float), typeof(bool),
        typeof(string), null, typeof(ulong), typeof(long), typeof(double),
    ];

    /// <summary>Types of tensors that ggml has or had and that are not read here, for messages.</summary>
    private static readonly Dictionary<uint, string> s_unsupported = new()
    {
        [9] = "Q8_1", [15] = "Q8_K", [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S", [21] = "IQ3_S", [22] = "IQ2_S",
        [29] = "IQ1_M", [34] = "TQ1_0", [35] = "TQ2_0", [39] = "MXFP4",
    };

    /// <summary>Number and name of a type of tensors that is not read.</summary>
    public static string DescribeType(uint code) => s_unsupported.TryGetValue(code, out string? name) ? $"{name} ({code})" : $"{code}";

    /// <summary>Reads a type and a value.</summary>
    /// <param name="cursor">At the type.</param>
    /// <param name="key">The value's key, for messages.</param>
    /// <exception cref="FormatException">The type is unknown, or the value is invalid.</exception>
    public static object Read(GgufCursor cursor, string key) => Read(cursor, cursor.UInt32(), key, MaximumDepth);

    /// <summary>Writes a type and a value.</summary>
    /// <exception cref="ArgumentException">The value has a type that the format does not have.</exception>
    public static void Write(BinaryWriter writer, object value, string key)
    {
        ArgumentNullException.ThrowIfNull(value);
        writer.Write(TypeOf(value, key));
        WriteValue(writer, value, key);
    }

    /// <summary>Writes a text with its length.</summary>
    public static void WriteText(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static object Read(GgufCursor cursor, uint type, string key, int depth) => type switch
    {
        0 => cursor.Byte(),
        1 => (sbyte)cursor.Byte(),
        2 => cursor.UInt16(),
        3 => (short)cursor.UInt16(),
        4 => cursor.UInt32(),
        5 => (int)cursor.UInt32(),
        6 => BitConverter.UInt32BitsToSingle(cursor.UInt32()),
        7 => cursor.Byte() switch
        {
            0 => false,
            1 => true,
            byte other => throw new FormatException($"The metadata '{Shorten(key)}' are the bool {other}; expected 0 or 1."),
        },
        Text => cursor.Text($"text of the metadata '{Shorten(key)}'", strict: false),
        List => ReadArray(cursor, key, depth),
        10 => cursor.UInt64(),
        11 => (long)cursor.UInt64(),
        12 => BitConverter.UInt64BitsToDouble(cursor.UInt64()),
        _ => throw new FormatException($"The metadata '{Shorten(key)}' are of the unknown type {type}."),
    };

    private static Array ReadArray(GgufCursor cursor, string key, int depth)
    {
        if (depth == 0) throw new FormatException($"The metadata '{Shorten(key)}' are arrays in more than {MaximumDepth} arrays.");
        uint type = cursor.UInt32();
        int count = cursor.Count(SizeOf(type, key), $"values of the metadata '{Shorten(key)}'");
        Array values = Array.CreateInstance(type == List ? typeof(object) : s_types[type]!, count);
        switch (values)
        {
            case string[] texts:
                for (int i = 0; i < count; i++) texts[i] = (string)Read(cursor, Text, key, depth);
                break;
            case object[] arrays:
                for (int i = 0; i < count; i++) arrays[i] = ReadArray(cursor, key, depth - 1);
                break;
            case bool[] flags:
                for (int i = 0; i < count; i++) flags[i] = (bool)Read(cursor, type, key, depth);
                break;
            default:
                ReadNumbers(cursor, values, SizeOf(type, key));
                break;
        }

        return values;
    }

    private static void ReadNumbers(GgufCursor cursor, Array values, int size)
    {
        Span<byte> bytes = MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(values), values.Length * size);
        cursor.Take(bytes.Length).CopyTo(bytes);
        if (BitConverter.IsLittleEndian || size == 1) return;
        for (int i = 0; i < bytes.Length; i += size) bytes.Slice(i, size).Reverse();
    }

    /// <summary>Minimum bytes of a value: of strings their length, of arrays their type and length.</summary>
    private static int SizeOf(uint type, string key) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        Text or 10 or 11 or 12 => 8,
        List => 12,
        _ => throw new FormatException($"The metadata '{Shorten(key)}' are an array of the unknown type {type}."),
    };

    private static uint TypeOf(object value, string key)
    {
        if (value is Array) return List;
        int type = Array.IndexOf(s_types, value.GetType());
        return type >= 0 ? (uint)type : throw Unknown(value.GetType(), key);
    }

    private static void WriteValue(BinaryWriter writer, object value, string key)
    {
        switch (value)
        {
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case bool flag: writer.Write(flag); break;
            case string text: WriteText(writer, text); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            case Array values: WriteArray(writer, values, key); break;
            default: throw Unknown(value.GetType(), key);
        }
    }

    private static void WriteArray(BinaryWriter writer, Array values, string key)
    {
        Type element = values.GetType().GetElementType()!;
        int known = Array.IndexOf(s_types, element);
        uint type = element == typeof(object) || element.IsArray ? List : known >= 0 ? (uint)known : throw Unknown(element, key);
        writer.Write(type);
        writer.Write((ulong)values.Length);
        foreach (object? value in values)
        {
            if (value is null || (type == List && value is not Array)) throw Unknown(value?.GetType() ?? typeof(object), key);
            WriteValue(writer, value, key);
        }
    }

    private static ArgumentException Unknown(Type type, string key) =>
        new($"The metadata '{Shorten(key)}' contain a {type.Name}; expected numbers, bool, string, or arrays of these.");

    private static string Shorten(string key) => MessageText.Truncate(key, LongestName);
}
