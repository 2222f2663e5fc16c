using System.Globalization;
using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The member <c>info</c> of an answer: what the images were made with, of which clients read seeds and texts.</summary>
internal static class GenerationInfo
{
    /// <param name="form">The request.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="numbers">Numbers of the images in the request, from 0.</param>
    /// <param name="files">Their files, whose texts hold the complete parameters.</param>
    public static JsonObject Create(GenerationForm form, string model, IReadOnlyList<int> numbers, IReadOnlyList<byte[]> files)
    {
        string[] texts = [.. files.Select(Text)];
        WebUIParameters? first = texts.Length > 0 && texts[0].Length > 0 ? WebUIParameters.Parse(texts[0]) : null;
        GenerationRequest request = form.Request;
        SeedFields[] seeds = [.. numbers.Select(form.Seeds.ForImage)];
        return new JsonObject
        {
            ["prompt"] = request.Prompt, ["all_prompts"] = Repeated(request.Prompt, numbers.Count),
            ["negative_prompt"] = request.NegativePrompt, ["all_negative_prompts"] = Repeated(request.NegativePrompt, numbers.Count),
            ["seed"] = form.Seeds.Seed, ["all_seeds"] = new JsonArray([.. seeds.Select(seed => JsonValue.Create(seed.Seed))]),
            ["subseed"] = form.Seeds.Subseed, ["all_subseeds"] = new JsonArray([.. seeds.Select(seed => JsonValue.Create(seed.Subseed))]),
            ["subseed_strength"] = form.Seeds.Strength,
            ["width"] = first?.Width ?? request.Width, ["height"] = first?.Height ?? request.Height,
            ["sampler_name"] = first?.Sampler, ["scheduler"] = first?.ScheduleType,
            ["cfg_scale"] = first?.CfgScale ?? request.GuidanceScale, ["steps"] = first?.Steps ?? request.Steps,
            ["batch_size"] = request.ImageCount, ["restore_faces"] = false, ["face_restoration_model"] = null,
            ["sd_model_name"] = model, ["sd_model_hash"] = first?.ModelHash, ["sd_vae_name"] = null, ["sd_vae_hash"] = null,
            ["seed_resize_from_w"] = -1, ["seed_resize_from_h"] = -1,
            ["denoising_strength"] = request.Upscale?.Strength ?? request.Strength,
            ["extra_generation_params"] = new JsonObject(), ["index_of_first_image"] = 0,
            ["infotexts"] = new JsonArray([.. texts.Select(text => JsonValue.Create(text))]),
            ["styles"] = new JsonArray([.. form.Styles.Select(style => JsonValue.Create(style))]),
            ["job_timestamp"] = Timestamp(TimeProvider.System.GetLocalNow()), ["clip_skip"] = form.Options.ClipSkip,
            ["is_using_inpainting_conditioning"] = request.Mask is not null, ["version"] = first?.Version,
        };
    }

    public static string Timestamp(DateTimeOffset time) => time.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);

    private static string Text(byte[] file) => ImageTexts.Read(file).GetValueOrDefault("parameters", "");

    private static JsonArray Repeated(string text, int count) => new([.. Enumerable.Repeat(text, count).Select(t => JsonValue.Create(t))]);
}
