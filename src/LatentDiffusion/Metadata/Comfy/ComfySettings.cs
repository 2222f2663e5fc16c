using System.Globalization;

namespace LatentDiffusion.Metadata;

/// <summary>
/// Graphs of ComfyUI with a single prompt: one sampler, whose conditionings are texts and whose latents are empty or those of an image.
/// </summary>
internal sealed class ComfySettings : SettingsReader
{
    private const string Key = "prompt", ProgramName = "ComfyUI", Latents = "latent_image";

    public override bool Recognises(IReadOnlyDictionary<string, string> texts) =>
        texts.TryGetValue(Key, out string? text) && ForeignMetadata.IsGraph(text);

    public override ImageSettings Read(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions options)
    {
        var graph = new ComfyGraph(Json(texts, Key));
        ComfySampler sampler = ComfySampler.Find(graph);
        bool isGuided = sampler.Guider.Kind != "BasicGuider";
        ComfyConditioning prompt = ComfyConditioning.Follow(graph, sampler.Guider, isGuided ? "positive" : "conditioning");
        ComfyConditioning? negative = isGuided ? ComfyConditioning.Follow(graph, sampler.Guider, "negative") : null;
        ComfyModel model = ComfyModel.Follow(graph, sampler.ModelUser);
        var other = new Dictionary<string, string>(model.Other);
        var request = new GenerationRequest
        {
            Prompt = prompt.Text, NegativePrompt = negative?.Text ?? "", Seed = sampler.Seed, Steps = sampler.Steps,
            // Distilled models read the guidance of the conditioning, and are sampled without the other one.
            GuidanceScale = sampler.Guidance is null or 1 ? prompt.Guidance ?? sampler.Guidance ?? 1 : sampler.Guidance,
            SchedulerName = Scheduler(sampler.Sampler, sampler.Schedule, options),
        };
        if (request.SchedulerName is null)
        {
            if (sampler.Sampler is { } name) other["sampler_name"] = name;
            if (sampler.Schedule is { } schedule) other["scheduler"] = schedule;
        }

        return new ImageSettings
        {
            Program = ProgramName, Request = WithLatents(request, graph, sampler, other, options), Model = model.File, Loras = model.Loras,
            ClipSkip = Layer(graph, prompt.Encoder), Other = other,
        };
    }

    private static GenerationRequest WithLatents(
        GenerationRequest request, ComfyGraph graph, ComfySampler sampler, Dictionary<string, string> other, ImageSettingsOptions options)
    {
        ComfyNode source = graph.Require(sampler.Node, Latents);
        bool isEmpty = source.Kind.StartsWith("Empty", StringComparison.Ordinal)
            && source.Kind.Contains("Latent", StringComparison.Ordinal);
        if (isEmpty && sampler.Denoise >= 1)
        {
            if (graph.Number(source, "batch_size")?.ToInt() is > 1 and var images)
                other["batch_size"] = images.ToString(CultureInfo.InvariantCulture);
            return request with { Width = graph.Number(source, "width")?.ToInt(), Height = graph.Number(source, "height")?.ToInt() };
        }

        if (source.Kind == "VAEEncode" && graph.Require(source, "pixels").Kind == "LoadImage" && sampler.Denoise > 0)
            return WithInitialImage(request, Math.Min(sampler.Denoise, 1), options);
        throw new InvalidDataException(
            $"The image's ComfyUI graph is ambiguous: {sampler.Node} starts from {source} and runs "
            + $"{sampler.Denoise.ToString(CultureInfo.InvariantCulture)} of the steps.");
    }

    /// <summary>The layer of the text encoder; ComfyUI counts from -1.</summary>
    private static int? Layer(ComfyGraph graph, ComfyNode encoder)
    {
        var seen = new HashSet<string>();
        ComfyNode? node = graph.Follow(encoder, "clip");
        while (node is not null && seen.Add(node.Id))
        {
            if (node.Kind == "CLIPSetLastLayer") return -graph.Number(node, "stop_at_clip_layer")?.ToInt();
            node = graph.Follow(node, "clip");
        }

        return null;
    }
}
