using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>Reads the <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class PreTokenizerReader
{
    /// <summary>The words of GPT-2 (Radford et al. 2019).</summary>
    private const string WordsOfGpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public static Func<TextPiece, IEnumerable<TextPiece>> Read(JsonElement? preTokenizer)
    {
        if (preTokenizer is not { } given) return piece => [piece];
        switch (given.FindText("type"))
        {
            case "Sequence":
                Func<TextPiece, IEnumerable<TextPiece>>[] parts = [.. given.Parts("pretokenizers").Select(part => Read(part))];
                return piece => parts.Aggregate((IEnumerable<TextPiece>)[piece], (pieces, part) => pieces.SelectMany(part));
            case "Split":
                return Pattern(given.Member("pattern", JsonValueKind.Object), given.Text("behavior"), given.Flag("invert"));
            case "ByteLevel":
                return ReadByteLevel(given);
            case "WhitespaceSplit":
                return Class(Rune.IsWhiteSpace, "Removed");
            case "Whitespace":
                return new PatternSplitter(new UnicodePattern(@"\w+|[^\w\s]+").Matches, "Removed", inverts: true).Split;
            case "Digits":
                return Class(Rune.IsNumber, given.Flag("individual_digits") ? "Isolated" : "Contiguous");
            case "Punctuation":
                return Class(rune => Rune.IsPunctuation(rune) || IsAsciiSymbol(rune), given.FindText("behavior") ?? "Isolated");
            case "Metaspace":
                return new Metaspace(given).Split;
            default:
                throw TokenizerMembers.Unknown("pre_tokenizer", given);
        }
    }

    /// <summary>Cuts into words as Qwen2 and later do where a folder has only <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    public static Func<TextPiece, IEnumerable<TextPiece>> Words(bool ofGpt2) => new PatternSplitter(
        new UnicodePattern(ofGpt2
            ? WordsOfGpt2
            : @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+").Matches,
        "Isolated").Split;

    private static Func<TextPiece, IEnumerable<TextPiece>> Class(Func<Rune, bool> isMember, string behavior) =>
        new PatternSplitter(text => CharacterClass.Find(text, isMember), behavior).Split;

    private static Func<TextPiece, IEnumerable<TextPiece>> Pattern(JsonElement pattern, string behavior, bool inverts)
    {
        string regex = pattern.FindText("Regex") ?? System.Text.RegularExpressions.Regex.Escape(pattern.Text("String"));
        return new PatternSplitter(new UnicodePattern(regex).Matches, behavior, inverts).Split;
    }

    /// <summary>The bytes are written as symbols by the model.</summary>
    private static Func<TextPiece, IEnumerable<TextPiece>> ReadByteLevel(JsonElement byteLevel)
    {
        bool prepends = byteLevel.Flag("add_prefix_space", true);
        Func<TextPiece, IEnumerable<TextPiece>> words = byteLevel.Flag("use_regex", true) ? Words(ofGpt2: true) : piece => [piece];
        return piece => words(prepends && !piece.Text.StartsWith(' ') ? piece with { Text = $" {piece.Text}" } : piece);
    }

    private static bool IsAsciiSymbol(Rune rune) => rune.IsAscii && Rune.IsSymbol(rune);
}
