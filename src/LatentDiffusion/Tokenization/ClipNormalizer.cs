using System.Net;
using System.Text;
using Microsoft.ML.Tokenizers;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// CLIP's normalization: decodes HTML entities twice, converts to form C, and then to lower case, one character at a time. CLIP's
/// last step, collapsing white space, is left to the pre-tokenizer, which drops all of it.
/// </summary>
internal sealed class ClipNormalizer : Normalizer
{
    /// <inheritdoc/>
    public override string Normalize(string original)
    {
        ArgumentNullException.ThrowIfNull(original);
        string text = UnicodeNfc.Normalize(WebUtility.HtmlDecode(WebUtility.HtmlDecode(original)));
        var lower = new StringBuilder(text.Length);
        Span<char> utf16 = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            // The only character whose lower case has two characters, independent of the language.
            if (rune.Value == 'İ') lower.Append("i\u0307");
            else lower.Append(utf16[..Rune.ToLowerInvariant(rune).EncodeToUtf16(utf16)]);
        }

        return lower.ToString();
    }

    /// <inheritdoc/>
    public override string Normalize(ReadOnlySpan<char> original) => Normalize(original.ToString());
}
