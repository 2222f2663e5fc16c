using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Translates the names of an <see cref="RRDBNet"/> to those of Real-ESRGAN. The first ESRGAN files number their layers
/// (<c>model.1.sub.0.RDB1.conv1.0</c>), and those of the later ESRGAN code and BSRGAN call the blocks <c>RRDB_trunk</c>.
/// </summary>
internal sealed partial class RRDBNetNames
{
    private static readonly Dictionary<string, string> s_trunk = new()
    {
        ["trunk_conv"] = "conv_body", ["upconv1"] = "conv_up1", ["upconv2"] = "conv_up2", ["upconv3"] = "conv_up3", ["HRconv"] = "conv_hr",
    };

    private readonly Dictionary<string, string> _layers;

    private RRDBNetNames(Dictionary<string, string> layers) => _layers = layers;

    /// <summary>The translation for the names of a file.</summary>
    public static RRDBNetNames Create(IReadOnlyCollection<string> names)
    {
        int[] numbered = [.. Numbers(NumberedLayer(), names)];
        if (numbered.Length == 0 || !names.Any(n => n.StartsWith("model.1.sub.", StringComparison.Ordinal))) return new(s_trunk);
        // Convolution, blocks, three steps for each doubling of which the last is a convolution, convolution, activation, convolution.
        int last = numbered.Max(), doublings = Math.Max(0, (last - 4) / 3);
        var layers = new Dictionary<string, string> { ["model.0"] = "conv_first" };
        for (int i = 1; i <= doublings && i <= numbered.Length; i++) layers[$"model.{3 * i}"] = $"conv_up{i}";
        layers[$"model.{3 * doublings + 2}"] = "conv_hr";
        layers[$"model.{3 * doublings + 4}"] = "conv_last";
        // The convolution after the blocks is counted as if it were one.
        if (Numbers(AfterBlocks(), names).ToArray() is [var after, ..]) layers[$"model.1.sub.{after}"] = "conv_body";
        return new(layers);
    }

    /// <summary>The name in the network; an unknown name stays as it is.</summary>
    public string Translate(string name)
    {
        if (NumberedBlock().Match(name) is { Success: true } numbered) return Block(numbered);
        if (TrunkBlock().Match(name) is { Success: true } trunk) return Block(trunk);
        int dot = name.LastIndexOf('.');
        return dot > 0 && _layers.TryGetValue(name[..dot], out string? layer) ? layer + name[dot..] : name;
    }

    private static string Block(Match match) =>
        $"body.{match.Groups["block"]}.rdb{match.Groups["dense"]}.conv{match.Groups["conv"]}.{match.Groups["kind"]}";

    private static IEnumerable<int> Numbers(Regex pattern, IEnumerable<string> names) =>
        from name in names
        let match = pattern.Match(name)
        where match.Success
        select int.Parse(match.Groups["number"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    // Up to six digits: an int in any case.
    [GeneratedRegex(@"^model\.(?<number>[0-9]{1,6})\.(weight|bias)$")]
    private static partial Regex NumberedLayer();

    [GeneratedRegex(@"^model\.1\.sub\.(?<number>[0-9]{1,6})\.weight$")]
    private static partial Regex AfterBlocks();

    [GeneratedRegex(
        @"^model\.1\.sub\.(?<block>[0-9]{1,6})\.RDB(?<dense>[123])\.conv(?<conv>[12345])\.0\.(?<kind>weight|bias)$")]
    private static partial Regex NumberedBlock();

    [GeneratedRegex(@"^RRDB_trunk\.(?<block>[0-9]{1,6})\.RDB(?<dense>[123])\.conv(?<conv>[12345])\.(?<kind>weight|bias)$")]
    private static partial Regex TrunkBlock();
}
