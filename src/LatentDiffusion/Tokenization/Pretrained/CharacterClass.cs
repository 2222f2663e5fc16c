using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>Finds single characters of a kind.</summary>
internal static class CharacterClass
{
    public static List<(int Start, int End)> Find(string text, Func<Rune, bool> isMember)
    {
        var found = new List<(int, int)>();
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (isMember(rune)) found.Add((at, at + rune.Utf16SequenceLength));
            at += rune.Utf16SequenceLength;
        }

        return found;
    }
}
