using System.Text.Json;

namespace LatentDiffusion;

/// <summary>Scales of the blocks of a U-Net as diffusers' <c>set_ip_adapter_scale</c> takes them.</summary>
internal static class PublishedLayerScales
{
    private const string Block = "block_", Middle = "mid";

    /// <inheritdoc cref="IpAdapterWeight.ParseScale"/>
    public static IpAdapterWeight Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return new IpAdapterWeight { Scale = Number(root, "the scale") };
            var scales = new Dictionary<string, double>();
            foreach (JsonProperty part in root.EnumerateObject()) AddPart(scales, part);
            return new IpAdapterWeight { LayerScales = scales };
        }
        catch (JsonException e)
        {
            throw new FormatException($"The scale is not JSON: {MessageText.Truncate(e.Message, 200)}", e);
        }
    }

    private static void AddPart(Dictionary<string, double> scales, JsonProperty part)
    {
        (string path, bool isMiddle) = part.Name switch
        {
            "down" or "up" => ($"{part.Name}_blocks", false),
            Middle => ("mid_block", true),
            var other => throw new FormatException(
                $"'{MessageText.Truncate(other, 100)}' is not a part of a U-Net; expected down, mid or up."),
        };
        if (isMiddle || part.Value.ValueKind != JsonValueKind.Object)
        {
            AddBlock(scales, path, part.Value, $"'{part.Name}'");
            return;
        }

        foreach (JsonProperty block in part.Value.EnumerateObject())
        {
            if (!block.Name.StartsWith(Block, StringComparison.Ordinal) || !block.Name.AsSpan(Block.Length).ContainsOnlyDigits())
            {
                string name = MessageText.Truncate(block.Name, 100);
                throw new FormatException($"'{name}' of '{part.Name}' is not a block; expected names such as {Block}0.");
            }

            AddBlock(scales, $"{path}.{block.Name[Block.Length..]}", block.Value, $"'{block.Name}' of '{part.Name}'");
        }
    }

    private static void AddBlock(Dictionary<string, double> scales, string path, JsonElement value, string what)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            scales[path] = Number(value, what);
            return;
        }

        int i = 0;
        foreach (JsonElement one in value.EnumerateArray()) scales[$"{path}.attentions.{i++}"] = Number(one, what);
    }

    private static bool ContainsOnlyDigits(this ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static double Number(JsonElement value, string what)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)) return number;
        string text = MessageText.Truncate(value.GetRawText(), 100);
        throw new FormatException($"{what} is {text}; expected a number, or a list of them for a block.");
    }
}
