using System.Net;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// CLIP's normalisation: HTML entities, escaped once or twice, become what they stand for; form C; then lower case, one
/// character at a time. Its last step, collapsing white space, is left to the pre-tokenizer, which drops all of it.
/// </summary>
internal sealed class ClipNormalizer : Normalizer
{
    /// <inheritdoc/>
    public override string Normalize(string original)
    {
        ArgumentNullException.ThrowIfNull(original);
        string text = UnicodeNfc.Of(WebUtility.HtmlDecode(WebUtility.HtmlDecode(original)));
        var lower = new StringBuilder(text.Length);
        Span<char> utf16 = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            // The one character whose lower case is two, whatever the language.
            if (rune.Value == 'İ') lower.Append("i\u0307");
            else lower.Append(utf16[..Rune.ToLowerInvariant(rune).EncodeToUtf16(utf16)]);
        }

        return lower.ToString();
    }

    /// <inheritdoc/>
    public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());
}
