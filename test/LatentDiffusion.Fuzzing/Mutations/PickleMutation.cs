using System.Text;

namespace LatentDiffusion.Fuzzing;

/// <summary>Replaces or inserts whole instructions of a pickle, or damages its bytes.</summary>
internal static class PickleMutation
{
    private static readonly byte[][] s_instructions =
    [
        .. "(|)|]|}|t|e|u|s|a|R|Q|b|0|1|2|N|.|q\0|h\0|h\u0001|K\u0007|l|d".Split('|').Select(Encoding.Latin1.GetBytes),
        [0x94], [0x85], [0x86], [0x87], [0x88], [0x89], [0x8f], [0x91], [0x93], [0x81], [0x92],
        [0x95, 8, 0, 0, 0, 0, 0, 0, 0], [0x95, 255, 255, 255, 255, 255, 255, 255, 127],
        [0x8a, 8, 255, 255, 255, 255, 255, 255, 255, 127], [0x8a, 255], [0x8b, 255, 255, 255, 127],
        [0x8d, 255, 255, 255, 255, 255, 255, 255, 255], [0x80, 5],
        "cposix\nsystem\n"u8.ToArray(), "cbuiltins\ngetattr\n"u8.ToArray(), "ctorch._utils\n_rebuild_tensor_v2\n"u8.ToArray(),
        "ctorch\nDoubleStorage\n"u8.ToArray(), "ccollections\nOrderedDict\n"u8.ToArray(), "J\0\0\0\u0080"u8.ToArray(),
        "I99999999999999999999\n"u8.ToArray(), "F1e999\n"u8.ToArray(), "S'a'\n"u8.ToArray(), "V\\ud800\n"u8.ToArray(),
    ];

    /// <summary>Damages a pickle.</summary>
    public static byte[] Apply(byte[] pickle, Random random)
    {
        if (random.Next(3) == 0) return ByteMutation.Apply(pickle, random);
        List<byte> bytes = [.. pickle];
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            byte[] instruction = s_instructions[random.Next(s_instructions.Length)];
            int at = random.Next(bytes.Count + 1);
            if (random.Next(2) == 0) bytes.RemoveRange(at, Math.Min(instruction.Length, bytes.Count - at));
            for (int repeats = random.Next(8) == 0 ? random.Next(1, 2000) : 1; repeats > 0; repeats--) bytes.InsertRange(at, instruction);
        }

        return [.. bytes];
    }
}
