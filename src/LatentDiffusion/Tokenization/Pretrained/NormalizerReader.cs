using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>Reads the <c>normalizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class NormalizerReader
{
    /// <summary>The most characters that a text of a file may have that takes the place of others.</summary>
    private const int LongestReplacement = 64;

    /// <summary>How much longer a text may become: more than by any form of Unicode.</summary>
    private const int MaximumGrowth = 32;

    public static Func<string, string> Read(JsonElement? normalizer)
    {
        if (normalizer is not { } given) return text => text;
        switch (given.FindText("type"))
        {
            case "Sequence":
                Func<string, string>[] parts = [.. given.Parts("normalizers").Select(part => Read(part))];
                return text => parts.Aggregate(text, (current, part) => Limited(part(current), text.Length));
            case "NFC":
                return UnicodeNfc.Normalize;
            case "Lowercase":
                return text => string.Concat(text.EnumerateRunes().Select(Rune.ToLowerInvariant));
            case "Strip":
                bool left = given.Flag("strip_left", true), right = given.Flag("strip_right", true);
                return text => (left, right) switch
                {
                    (true, true) => text.Trim(),
                    (true, false) => text.TrimStart(),
                    (false, true) => text.TrimEnd(),
                    _ => text,
                };
            case "Prepend":
                string prefix = Short(given.Text("prepend"));
                return text => text.Length == 0 ? text : prefix + text;
            case "Replace":
                return ReadReplace(given);
            case "Precompiled":
                return new CharacterMap(Bytes(given.Text("precompiled_charsmap"))).NormalizeGraphemes;
            default:
                throw TokenizerMembers.Unknown("normalizer", given);
        }
    }

    private static Func<string, string> ReadReplace(JsonElement replace)
    {
        string content = Short(replace.Text("content"));
        JsonElement pattern = replace.Member("pattern", JsonValueKind.Object);
        if (pattern.FindText("Regex") is { } regex)
        {
            var compiled = new UnicodePattern(regex);
            return text => compiled.Replace(text, content);
        }

        string plain = pattern.Text("String");
        return plain.Length == 0
            ? throw new InvalidDataException("it replaces the empty text.")
            : text => text.Replace(plain, content, StringComparison.Ordinal);
    }

    /// <summary>Several replacements, one after the other, could make a text as long as they like.</summary>
    private static string Limited(string text, int original) => text.Length <= (original + LongestReplacement) * MaximumGrowth
        ? text
        : throw new InvalidDataException($"Its normalizer makes {text.Length} characters of {original}.");

    private static string Short(string text) => text.Length <= LongestReplacement
        ? text
        : throw new InvalidDataException($"its normalizer has a replacement of {text.Length} characters.");

    private static byte[] Bytes(string base64)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException("its precompiled_charsmap is not Base64.", e);
        }
    }
}
