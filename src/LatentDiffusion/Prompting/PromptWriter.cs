using System.Globalization;
using System.Text;

namespace LatentDiffusion.Prompting;

/// <summary>Writes a prompt so that it is read back as it was.</summary>
internal static class PromptWriter
{
    public static string Write(IReadOnlyList<PromptFragment> fragments)
    {
        var text = new StringBuilder();
        for (int i = 0; i < fragments.Count; i++)
        {
            if (fragments[i].IsBreak)
                WriteBreak(text, i == 0 ? null : fragments[i - 1], i == fragments.Count - 1 ? null : fragments[i + 1]);
            else if (fragments[i].Weight == 1) text.Append(Escaped(fragments[i].Text));
            else text.Append(CultureInfo.InvariantCulture, $"({Escaped(fragments[i].Text)}:{Number(fragments[i].Weight)})");
        }

        return text.ToString();
    }

    /// <summary>A break removes the white space around it; a backslash, which has no other effect, preserves that of the text.</summary>
    private static void WriteBreak(StringBuilder text, PromptFragment? before, PromptFragment? after)
    {
        text.Append(before is { Weight: 1, IsBreak: false } && char.IsWhiteSpace(before.Text[^1]) ? "\\BREAK" : " BREAK");
        text.Append(after is { Weight: 1, IsBreak: false } && char.IsWhiteSpace(after.Text[0]) ? "\\" : " ");
    }

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is '(' or ')' or '[' or ']' or '\\') escaped.Append('\\');
            escaped.Append(c);
        }

        return escaped.Replace("BREAK", "B\\REAK").ToString();
    }

    /// <summary>All digits that distinguish the number from its neighbours, without an exponent, which the notation lacks.</summary>
    private static string Number(double weight)
    {
        int digits = weight == 0 ? 0 : Math.Max(0, 17 - (int)Math.Floor(Math.Log10(Math.Abs(weight))));
        string number = weight.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return number.Contains('.') ? number.TrimEnd('0').TrimEnd('.') : number;
    }
}
