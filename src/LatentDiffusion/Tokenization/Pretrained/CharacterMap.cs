using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// The compiled character map of SentencePiece (Kudo &amp; Richardson 2018, section 3.4): a double array of sequences of bytes (Aoe
/// 1989, in the layout of darts-clone), each with the place of its replacement in a list of texts that end with 0.
/// </summary>
internal sealed class CharacterMap
{
    private const uint LeafBit = 1u << 31;

    /// <summary>The most bytes that a replacement may have; those of Unicode have at most 33.</summary>
    private const int LongestReplacement = 256;

    private readonly uint[] _units;
    private readonly byte[] _texts;

    /// <exception cref="InvalidDataException">It does not have the length that it gives, or a replacement is long.</exception>
    public CharacterMap(ReadOnlySpan<byte> compiled)
    {
        if (compiled.IsEmpty)
        {
            (_units, _texts) = ([], []);
            return;
        }

        uint length = compiled.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(compiled);
        if (length > compiled.Length - 4 || length % 4 != 0)
            throw new InvalidDataException($"its character map has {compiled.Length} bytes, which do not fit its trie.");
        _units = new uint[length / 4];
        for (int i = 0; i < _units.Length; i++) _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(compiled[(4 + 4 * i)..]);
        _texts = compiled[(4 + (int)length)..].ToArray();
        for (int at = 0; at < _texts.Length; at++)
        {
            int end = _texts.AsSpan(at).IndexOf((byte)0), replacement = end < 0 ? _texts.Length - at : end;
            if (replacement > LongestReplacement)
                throw new InvalidDataException($"its character map has a replacement of {replacement} bytes.");
            at += replacement;
        }
    }

    /// <summary>
    /// Replaces as Hugging Face's tokenizers do: short grapheme clusters whole by what their shortest beginning is mapped to, and
    /// otherwise character by character.
    /// </summary>
    public string NormalizeGraphemes(string text)
    {
        const int ShortCluster = 6;
        var result = new StringBuilder(text.Length);
        var clusters = StringInfo.GetTextElementEnumerator(text);
        while (clusters.MoveNext())
        {
            string cluster = clusters.GetTextElement();
            byte[] bytes = Encoding.UTF8.GetBytes(cluster);
            if (bytes.Length < ShortCluster && Find(bytes, longest: false) is { } whole)
            {
                result.Append(whole.Text);
                continue;
            }

            foreach (Rune rune in cluster.EnumerateRunes())
            {
                if (Find(Encoding.UTF8.GetBytes(rune.ToString()), longest: false) is { } one) result.Append(one.Text);
                else result.Append(rune.ToString());
            }
        }

        return result.ToString();
    }

    /// <summary>Replaces as SentencePiece does: from left to right the longest sequence that is mapped.</summary>
    public string NormalizeLongest(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var result = new StringBuilder(text.Length);
        for (int at = 0; at < bytes.Length;)
        {
            if (Find(bytes.AsSpan(at), longest: true) is { Length: > 0 } found)
            {
                result.Append(found.Text);
                at += found.Length;
                continue;
            }

            _ = Rune.DecodeFromUtf8(bytes.AsSpan(at), out Rune rune, out int length);
            result.Append(rune.ToString());
            at += length;
        }

        return result.ToString();
    }

    /// <summary>The replacement of a beginning of some bytes; null where none is mapped.</summary>
    private (int Length, string Text)? Find(ReadOnlySpan<byte> bytes, bool longest)
    {
        (int Length, uint Place)? found = null;
        if (_units.Length == 0) return null;
        uint node = Offset(_units[0]);
        for (int i = 0; i < bytes.Length && bytes[i] != 0; i++)
        {
            node ^= bytes[i];
            if (node >= _units.Length || (_units[node] & (LeafBit | 0xFF)) != bytes[i]) break;
            bool hasLeaf = ((_units[node] >> 8) & 1) == 1;
            node ^= Offset(_units[node]);
            if (!hasLeaf) continue;
            if (node >= _units.Length) break;
            found = (i + 1, _units[node] & ~LeafBit);
            if (!longest) break;
        }

        return found is { } replaced ? (replaced.Length, TextAt(replaced.Place)) : null;
    }

    private string TextAt(uint place)
    {
        if (place >= _texts.Length) return "";
        ReadOnlySpan<byte> rest = _texts.AsSpan((int)place);
        int end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }

    private static uint Offset(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
