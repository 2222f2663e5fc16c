using System.Text;

namespace LatentDiffusion.Fuzzing;

/// <summary>Damages text with pieces that have a meaning in its format.</summary>
internal static class TextMutation
{
    private static readonly string[] s_any =
    [
        "", " ", "\n", "\r", "\t", "\0", "\"", "\\", "'", ",", ":", ".", "-", "0", "1", "-1", "9", "e9", "é", "漢", "\ud83d\ude00", "\ufeff",
        "\u0301", "\u202e", "\uffff", "\ud800", "\udc00",
    ];

    /// <summary>Replaces, inserts, drops, repeats or moves parts in one to four places.</summary>
    /// <param name="text">The text.</param>
    /// <param name="random">Random numbers.</param>
    /// <param name="pieces">Pieces of the format.</param>
    public static string Apply(string text, Random random, params string[] pieces)
    {
        var result = new StringBuilder(text);
        for (int n = random.Next(1, 5); n > 0; n--)
        {
            int at = random.Next(result.Length + 1), length = Math.Min(random.Next(0, 12), result.Length - at);
            string piece = random.Next(3) > 0 && pieces.Length > 0 ? pieces[random.Next(pieces.Length)] : s_any[random.Next(s_any.Length)];
            switch (random.Next(6))
            {
                case 0: result.Remove(at, length); break;
                case 1: result.Insert(at, piece); break;
                case 2: result.Remove(at, length).Insert(at, piece); break;
                case 3: result.Insert(at, result.ToString(at, length)); break;
                case 4: result.Insert(at, string.Concat(Enumerable.Repeat(piece, random.Next(1, 1000)))); break;
                default:
                    string moved = result.ToString(at, length);
                    result.Remove(at, length);
                    result.Insert(random.Next(result.Length + 1), moved);
                    break;
            }
        }

        return result.ToString();
    }
}
