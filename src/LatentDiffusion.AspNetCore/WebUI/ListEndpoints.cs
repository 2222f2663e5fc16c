using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Lists that clients fill their menus from.</summary>
internal static class ListEndpoints
{
    private const string Latent = "Latent";

    public static async Task<IResult> ModelsAsync(HttpContext context, OfferedModels offered)
    {
        IReadOnlyList<string> models = await offered.ListAsync(context.RequestAborted).ConfigureAwait(false);
        return List(models.Select(name => new JsonObject
        {
            ["title"] = name, ["model_name"] = name, ["hash"] = null, ["sha256"] = null, ["filename"] = name, ["config"] = null,
        }));
    }

    public static IResult Samplers() => List(SamplerNames.SamplersOf(SamplerProgram.WebUI).Select(name => new JsonObject
    {
        ["name"] = name, ["aliases"] = new JsonArray([JsonValue.Create(SamplerNames.Get(name).Name)]), ["options"] = new JsonObject(),
    }));

    public static IResult Schedulers() => List(SamplerNames.SchedulesOf(SamplerProgram.WebUI).Select(label => new JsonObject
    {
        ["name"] = label.ToLowerInvariant().Replace(' ', '_'), ["label"] = label, ["aliases"] = null, ["default_rho"] = -1,
        ["need_inner_model"] = false,
    }));

    public static async Task<IResult> UpscalersAsync(HttpContext context, Upscalers upscalers)
    {
        var all = await upscalers.ListAsync(context.RequestAborted).ConfigureAwait(false);
        return List(all.Select(upscaler => new JsonObject
        {
            ["name"] = upscaler.Name, ["model_name"] = null, ["model_path"] = null, ["model_url"] = null,
            ["scale"] = upscaler.Upscaler.Scale,
        }));
    }

    public static IResult LatentUpscaleModes() => List([new JsonObject { ["name"] = Latent }]);

    public static async Task<IResult> LorasAsync(HttpContext context, ModelFacts facts)
    {
        DiffusionPipeline? pipeline = await facts.FindDefaultAsync(context.RequestAborted).ConfigureAwait(false);
        return List((pipeline?.PromptLoras ?? new Dictionary<string, string>()).Select(lora => new JsonObject
        {
            // The folder is the machine's.
            ["name"] = lora.Key, ["alias"] = lora.Key, ["path"] = Path.GetFileName(lora.Value), ["metadata"] = new JsonObject(),
        }));
    }

    public static async Task<IResult> EmbeddingsAsync(HttpContext context, ModelFacts facts)
    {
        DiffusionPipeline? pipeline = await facts.FindDefaultAsync(context.RequestAborted).ConfigureAwait(false);
        var loaded = new JsonObject();
        foreach (string token in pipeline?.EmbeddingTokens ?? [])
        {
            loaded[token] = new JsonObject
            {
                ["step"] = null, ["sd_checkpoint"] = null, ["sd_checkpoint_name"] = null, ["shape"] = 0, ["vectors"] = 0,
            };
        }

        return JsonAnswer.Of(new JsonObject { ["loaded"] = loaded, ["skipped"] = new JsonObject() });
    }

    public static IResult Styles(IOptionsMonitor<WebUIApiOptions> options) => List(options.CurrentValue.Styles.Select(style =>
        new JsonObject { ["name"] = style.Name, ["prompt"] = style.Prompt, ["negative_prompt"] = style.NegativePrompt }));

    /// <summary>What this server has none of: autoencoders, hypernetworks, restoration of faces, extensions.</summary>
    public static IResult Nothing() => List([]);

    public static IResult Scripts() => JsonAnswer.Of(new JsonObject { ["txt2img"] = new JsonArray(), ["img2img"] = new JsonArray() });

    public static IResult Flags() => JsonAnswer.Of(new JsonObject { ["api"] = true, ["nowebui"] = true });

    public static IResult Memory()
    {
        long total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, used = Environment.WorkingSet;
        return JsonAnswer.Of(new JsonObject
        {
            ["ram"] = new JsonObject { ["free"] = Math.Max(total - used, 0), ["used"] = used, ["total"] = total },
            ["cuda"] = new JsonObject { ["error"] = "unavailable" },
        });
    }

    private static IResult List(IEnumerable<JsonObject> items) => JsonAnswer.Of(new JsonArray([.. items]));
}
