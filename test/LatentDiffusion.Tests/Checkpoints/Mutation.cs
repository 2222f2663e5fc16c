using System.Text;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Seeded damage of files.</summary>
internal static class Mutation
{
    private static readonly byte[][] s_instructions =
    [
        .. "(|)|]|}|t|e|u|s|a|R|Q|b|0|1|2|N|.|q\0|h\0|h\u0001|K\u0007|l|d".Split('|').Select(Encoding.Latin1.GetBytes),
        [0x94], [0x85], [0x86], [0x87],
        [0x8a, 8, 255, 255, 255, 255, 255, 255, 255, 127],
        [0x8b, 255, 255, 255, 127],
        [0x8d, 255, 255, 255, 255, 255, 255, 255, 255],
        "cposix\nsystem\n"u8.ToArray(), "ctorch._utils\n_rebuild_tensor_v2\n"u8.ToArray(), "ctorch\nDoubleStorage\n"u8.ToArray(),
        "J\0\0\0\u0080"u8.ToArray(),
    ];

    /// <summary>Overwrites, drops, repeats or inserts bytes in one to four places.</summary>
    public static byte[] AnyByte(byte[] file, Random random)
    {
        List<byte> bytes = [.. file];
        for (int n = random.Next(1, 5); n > 0 && bytes.Count > 16; n--)
        {
            int at = random.Next(bytes.Count), length = Math.Min(random.Next(1, 9), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? byte.MinValue : byte.MaxValue; break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                default: bytes.InsertRange(at, Enumerable.Range(0, length).Select(_ => (byte)random.Next(256))); break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Replaces or inserts whole instructions of a pickle, or damages it as any file.</summary>
    public static byte[] Instruction(byte[] pickle, Random random)
    {
        if (random.Next(3) == 0) return AnyByte(pickle, random);
        List<byte> bytes = [.. pickle];
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            byte[] instruction = s_instructions[random.Next(s_instructions.Length)];
            int at = random.Next(bytes.Count);
            if (random.Next(2) == 0) bytes.RemoveRange(at, Math.Min(instruction.Length, bytes.Count - at));
            bytes.InsertRange(at, instruction);
        }

        return [.. bytes];
    }
}
