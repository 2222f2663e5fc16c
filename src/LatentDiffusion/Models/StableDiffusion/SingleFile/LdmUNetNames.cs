using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>The original names of a U-Net's tensors, in which all blocks stand in one row.</summary>
internal sealed partial class LdmUNetNames
{
    private readonly int[] _down, _up;
    private readonly HashSet<string> _upAttentions = [];

    /// <param name="names">All names of the network.</param>
    public LdmUNetNames(IEnumerable<string> names)
    {
        var down = new Dictionary<int, int>();
        var up = new Dictionary<int, int>();
        foreach (Match match in names.Select(name => Block().Match(name)).Where(match => match.Success))
        {
            (int level, int layer) = (Number(match.Groups["level"]), Number(match.Groups["layer"]));
            bool isUp = match.Groups["way"].ValueSpan is "up";
            if (match.Groups["kind"].ValueSpan is "attentions" && isUp) _upAttentions.Add($"{level}.{layer}");
            if (match.Groups["kind"].ValueSpan is not "resnets") continue;
            Dictionary<int, int> layers = isUp ? up : down;
            layers[level] = Math.Max(layers.GetValueOrDefault(level), layer + 1);
        }

        (_down, _up) = (InOrder(down), InOrder(up));
    }

    /// <summary>The original name of a tensor.</summary>
    /// <exception cref="NotSupportedException">The original code has no such tensor.</exception>
    public string Original(string name)
    {
        foreach ((string ldm, string ours) in LdmNames.UNetTop)
            if (name.StartsWith(ours + ".", StringComparison.Ordinal)) return ldm + name[ours.Length..];
        if (Middle().Match(name) is { Success: true } middle)
        {
            bool attention = middle.Groups["kind"].ValueSpan is "attentions";
            int place = attention ? 1 : 2 * Number(middle.Groups["layer"]);
            string part = middle.Groups["rest"].Value;
            return $"middle_block.{place}.{(attention ? part : Renamed(part, LdmNames.Resnet, name))}";
        }

        Match block = Block().Match(name);
        if (!block.Success) throw Unknown(name);
        (int level, int layer, string rest) = (Number(block.Groups["level"]), Number(block.Groups["layer"]), block.Groups["rest"].Value);
        bool up = block.Groups["way"].ValueSpan is "up";
        // The first place of the encoder is its first convolution, and each level but the last ends with a place that halves the size.
        int start = up ? _up[..level].Sum() : 1 + _down[..level].Sum() + level, last = start + (up ? _up : _down)[level] - 1;
        string row = up ? "output_blocks" : "input_blocks";
        return block.Groups["kind"].Value switch
        {
            "resnets" => Place(start + layer, 0, Renamed(rest, LdmNames.Resnet, name)),
            "attentions" => Place(start + layer, 1, rest),
            "downsamplers" => Place(last + 1, 0, Renamed(rest, [("op", "conv")], name)),
            _ => Place(last, _upAttentions.Contains($"{level}.{_up[level] - 1}") ? 2 : 1, rest),
        };

        string Place(int index, int module, string inner) =>
            string.Create(CultureInfo.InvariantCulture, $"{row}.{index}.{module}.{inner}");
    }

    private static string Renamed(string rest, (string Ldm, string Ours)[] parts, string name)
    {
        foreach ((string ldm, string ours) in parts)
            if (rest.StartsWith(ours + ".", StringComparison.Ordinal)) return ldm + rest[ours.Length..];
        throw Unknown(name);
    }

    private static NotSupportedException Unknown(string name) =>
        new($"The U-Net's tensor '{name}' has no name in the original code, so the model cannot be written as a single file.");

    private static int[] InOrder(Dictionary<int, int> layers) => [.. Enumerable.Range(0, layers.Count).Select(level => layers[level])];

    private static int Number(Group digits) => int.Parse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        @"^(?<way>down|up)_blocks\.(?<level>\d+)\.(?<kind>resnets|attentions|downsamplers|upsamplers)\.(?<layer>\d+)\.(?<rest>.+)$")]
    private static partial Regex Block();

    [GeneratedRegex(@"^mid_block\.(?<kind>resnets|attentions)\.(?<layer>\d+)\.(?<rest>.+)$")]
    private static partial Regex Middle();
}
