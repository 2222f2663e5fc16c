using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>An answer of txt2img or img2img.</summary>
internal sealed class Answer(JsonNode json)
{
    private static readonly SkiaImageCodec s_codec = new();

    public IReadOnlyList<string> Images { get; } = [.. json["images"]!.AsArray().Select(image => image!.GetValue<string>())];

    public JsonNode Parameters => json["parameters"]!;

    public JsonNode Info { get; } = JsonNode.Parse(json["info"]!.GetValue<string>())!;

    public IReadOnlyList<string> Texts => [.. Info["infotexts"]!.AsArray().Select(text => text!.GetValue<string>())];

    public IReadOnlyList<ulong> Seeds => [.. Info["all_seeds"]!.AsArray().Select(seed => seed!.GetValue<ulong>())];

    public ImageBuffer Image(int index = 0) => s_codec.Decode(File(index));

    public byte[] File(int index = 0) => Convert.FromBase64String(Images[index]);

    public static async Task<Answer> TextToImageAsync(WebUIClient client, JsonNode body) =>
        new((await client.PostAsync("txt2img", body))!);

    public static async Task<Answer> ImageToImageAsync(WebUIClient client, JsonNode body) =>
        new((await client.PostAsync("img2img", body))!);
}
