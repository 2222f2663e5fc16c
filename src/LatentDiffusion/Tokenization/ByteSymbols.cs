namespace LatentDiffusion.Tokenization;

/// <summary>The printable character that stands for each byte in a byte-level vocabulary (Radford et al. 2019, section 2.2).</summary>
internal static class ByteSymbols
{
    private static readonly char[] s_symbols = new char[256];

    static ByteSymbols()
    {
        char next = '\u0100';
        for (int value = 0; value < s_symbols.Length; value++)
            s_symbols[value] = IsPrintable(value) ? (char)value : next++;
    }

    /// <summary>The symbols in the order of CLIP's vocabulary: bytes that stand for themselves, then the others.</summary>
    public static IEnumerable<char> InVocabularyOrder =>
        Enumerable.Range(0, s_symbols.Length).OrderBy(value => !IsPrintable(value)).Select(value => s_symbols[value]);

    /// <summary>The symbol of a byte.</summary>
    public static char ForByte(byte value) => s_symbols[value];

    private static bool IsPrintable(int value) => value is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ');
}
