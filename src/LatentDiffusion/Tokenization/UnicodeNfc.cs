using System.Globalization;
using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Unicode's normalization form C (Unicode Standard Annex 15). Implemented here because .NET's has no effect in invariant
/// globalization mode, and a prompt's tokens must not depend on that.
/// </summary>
internal static class UnicodeNfc
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28, SyllableCount = LeadCount * VowelCount * TrailCount;

    private static readonly Dictionary<int, int[]> s_decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> s_compositions = [];
    private static readonly Dictionary<int, byte> s_classes = [];

    static UnicodeNfc()
    {
        using Stream resource = typeof(UnicodeNfc).Assembly.GetManifestResourceStream("CanonicalForms.txt")!;
        using var reader = new StreamReader(resource, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#')) continue;
            foreach (string item in line.Split(' ', StringSplitOptions.RemoveEmptyEntries)) Learn(item);
        }
    }

    /// <summary>The text in form C; surrogate halves become U+FFFD.</summary>
    public static string Normalize(string text)
    {
        // All text below U+0300 is in form C.
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02ff') < 0) return text;
        var characters = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) Decompose(rune.Value, characters);
        Order(characters);
        Compose(characters);
        var composed = new StringBuilder(characters.Count);
        foreach (int character in characters) composed.Append(new Rune(character).ToString());
        return composed.ToString();
    }

    private static void Learn(string item)
    {
        int mark = item.AsSpan().IndexOfAny('=', '>', ':');
        string left = item[..mark], right = item[(mark + 1)..];
        if (item[mark] == ':')
        {
            int[] ends = [.. left.Split('-').Select(Hexadecimal)];
            for (int c = ends[0]; c <= ends[^1]; c++) s_classes[c] = byte.Parse(right, CultureInfo.InvariantCulture);
            return;
        }

        int[] parts = [.. right.Split('+').Select(Hexadecimal)];
        s_decompositions[Hexadecimal(left)] = parts;
        if (item[mark] == '=') s_compositions[(parts[0], parts[1])] = Hexadecimal(left);

        static int Hexadecimal(string number) => int.Parse(number, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static void Decompose(int character, List<int> into)
    {
        int syllable = character - SyllableBase;
        if (syllable is >= 0 and < SyllableCount)
        {
            into.Add(LeadBase + syllable / (VowelCount * TrailCount));
            into.Add(VowelBase + syllable % (VowelCount * TrailCount) / TrailCount);
            if (syllable % TrailCount != 0) into.Add(TrailBase + syllable % TrailCount);
        }
        else if (s_decompositions.TryGetValue(character, out int[]? parts))
        {
            foreach (int part in parts) Decompose(part, into);
        }
        else into.Add(character);
    }

    /// <summary>Sorts each run of combining marks by class, stably.</summary>
    private static void Order(List<int> characters)
    {
        for (int start = 0; start < characters.Count; start++)
        {
            if (Class(characters[start]) == 0) continue;
            int end = start;
            while (end < characters.Count && Class(characters[end]) != 0) end++;
            int[] run = [.. characters[start..end].OrderBy(Class)];
            for (int i = 0; i < run.Length; i++) characters[start + i] = run[i];
            start = end;
        }
    }

    /// <summary>Joins each mark with the last starter before it, unless a mark of the same or a higher class is between.</summary>
    private static void Compose(List<int> characters)
    {
        int starter = -1, length = 0, previousClass = 0;
        for (int i = 0; i < characters.Count; i++)
        {
            int character = characters[i];
            int ownClass = Class(character);
            bool adjacent = length == starter + 1;
            if (starter >= 0 && (adjacent || previousClass < ownClass) && Join(characters[starter], character) is { } joined)
            {
                characters[starter] = joined;
                continue;
            }

            if (ownClass == 0) starter = length;
            previousClass = ownClass;
            characters[length++] = character;
        }

        characters.RemoveRange(length, characters.Count - length);
    }

    private static int? Join(int first, int second)
    {
        int lead = first - LeadBase, vowel = second - VowelBase, syllable = first - SyllableBase, trail = second - TrailBase;
        if (lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount)
            return SyllableBase + (lead * VowelCount + vowel) * TrailCount;
        if (syllable is >= 0 and < SyllableCount && syllable % TrailCount == 0 && trail is > 0 and < TrailCount)
            return first + trail;
        return s_compositions.TryGetValue((first, second), out int composed) ? composed : null;
    }

    private static int Class(int character) => s_classes.GetValueOrDefault(character);
}
