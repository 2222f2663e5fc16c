namespace LatentDiffusion.Metadata;

/// <summary>
/// The command line that the first versions of InvokeAI wrote: <c>"a cat [ugly]" -s 50 -S 12345 -W 512 -H 512 -C 7.5 -A k_lms</c>.
/// </summary>
/// <param name="Prompt">The prompt, with the negative prompt in brackets.</param>
/// <param name="Values">The values by the names of later versions.</param>
internal sealed record DreamCommand(string Prompt, IReadOnlyDictionary<string, string> Values)
{
    public const string Key = "Dream";

    private static readonly Dictionary<string, string> s_options = new()
    {
        ["-s"] = "steps", ["-S"] = "seed", ["-W"] = "width", ["-H"] = "height", ["-C"] = "cfg_scale", ["-A"] = "sampler",
        ["-I"] = "init_image", ["-f"] = "strength",
    };

    /// <exception cref="InvalidDataException">The text does not begin with a prompt in quotation marks.</exception>
    public static DreamCommand Parse(string text)
    {
        text = text.Trim();
        int end = text.LastIndexOf('"');
        if (end < 1 || text[0] != '"')
            throw new InvalidDataException($"The image's text '{Key}' does not begin with a prompt in quotation marks.");
        var values = new Dictionary<string, string>();
        string[] words = text[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < words.Length; i++)
        {
            // -s 50 and -s50 are both written.
            if (words[i] is not ['-', _, ..]) continue;
            string option = words[i][..2];
            string? value = words[i].Length > 2 ? words[i][2..] : i + 1 < words.Length ? words[++i] : null;
            if (value is not null) values[s_options.GetValueOrDefault(option, option)] = value;
        }

        return new DreamCommand(text[1..end], values);
    }

    /// <summary>The prompt and the part in brackets, which is the negative prompt in old versions.</summary>
    public static (string Prompt, string Negative) SplitNegative(string prompt)
    {
        int start = prompt.IndexOf('['), end = prompt.LastIndexOf(']');
        return start >= 0 && end == prompt.TrimEnd().Length - 1 && prompt.LastIndexOf('[') == start
            ? (prompt[..start].Trim(), prompt[(start + 1)..end].Trim())
            : (prompt, "");
    }
}
