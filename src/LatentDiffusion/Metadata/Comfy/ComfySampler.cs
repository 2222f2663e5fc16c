namespace LatentDiffusion.Metadata;

/// <summary>What a sampler node of ComfyUI's graph says, together with the nodes that it gets its settings from.</summary>
internal sealed record ComfySampler
{
    /// <summary>The classes of sampler nodes that are read.</summary>
    private const string Plain = "KSampler", Advanced = "KSamplerAdvanced", Custom = "SamplerCustom", Guided = "SamplerCustomAdvanced";

    /// <summary>The node.</summary>
    public required ComfyNode Node { get; init; }

    /// <summary>The node with the inputs <c>positive</c> and <c>negative</c>, or <c>conditioning</c>.</summary>
    public required ComfyNode Guider { get; init; }

    /// <summary>The node with the input <c>model</c>.</summary>
    public required ComfyNode ModelUser { get; init; }

    public ulong? Seed { get; init; }

    public int? Steps { get; init; }

    public double? Guidance { get; init; }

    public string? Sampler { get; init; }

    public string? Schedule { get; init; }

    /// <summary>The part of the steps that ran; 1 from noise.</summary>
    public double Denoise { get; init; } = 1;

    /// <summary>Reads the only sampler of a graph.</summary>
    /// <exception cref="InvalidDataException">There is none or several, or it does not say clearly what it did.</exception>
    public static ComfySampler Find(ComfyGraph graph)
    {
        ComfyNode[] nodes = [.. graph.Nodes.Where(IsSampler)];
        if (nodes is not [var node])
        {
            throw new InvalidDataException(nodes.Length == 0
                ? "The image's ComfyUI graph has no supported sampler; its nodes are "
                    + $"{MessageText.List([.. graph.Nodes.Select(n => n.Kind).Distinct()])}."
                : $"The image's ComfyUI graph does not have a single prompt: it has {nodes.Length} samplers, "
                    + $"{MessageText.List([.. nodes.Select(n => n.ToString())])}.");
        }

        return node.Kind switch
        {
            Plain => ReadPlain(graph, node),
            Advanced => ReadAdvanced(graph, node),
            Custom or Guided => ReadCustom(graph, node),
            _ => throw new InvalidDataException($"The image's ComfyUI graph has the sampler {node}, which is not supported."),
        };

        static bool IsSampler(ComfyNode node) =>
            node.Kind.Contains("Sampler", StringComparison.Ordinal) && node.Inputs.Member("latent_image") is not null
            || node.Kind is Plain or Advanced;
    }

    private static ComfySampler ReadPlain(ComfyGraph graph, ComfyNode node) => new()
    {
        Node = node, Guider = node, ModelUser = node, Seed = graph.Number(node, "seed")?.ToSeed(),
        Steps = graph.Number(node, "steps")?.ToInt(), Guidance = graph.Number(node, "cfg")?.ToDouble(),
        Sampler = graph.Text(node, "sampler_name"), Schedule = graph.Text(node, "scheduler"),
        Denoise = graph.Number(node, "denoise")?.ToDouble() ?? 1,
    };

    private static ComfySampler ReadAdvanced(ComfyGraph graph, ComfyNode node)
    {
        ComfySampler sampler = ReadPlain(graph, node) with { Seed = graph.Number(node, "noise_seed")?.ToSeed() };
        bool isWhole = graph.Number(node, "start_at_step")?.ToDouble() is null or 0
            && (graph.Number(node, "end_at_step")?.ToDouble() is not { } end || end >= sampler.Steps)
            && graph.Text(node, "add_noise") is null or "enable" && graph.Text(node, "return_with_leftover_noise") is null or "disable";
        return isWhole
            ? sampler
            : throw new InvalidDataException($"The image's ComfyUI graph is ambiguous: {node} runs only some of the steps.");
    }

    private static ComfySampler ReadCustom(ComfyGraph graph, ComfyNode node)
    {
        ComfyNode levels = graph.Require(node, "sigmas"), choice = graph.Require(node, "sampler");
        ComfyNode guider = node.Kind == Guided ? graph.Require(node, "guider") : node;
        ComfyNode seed = node.Kind == Guided ? graph.Require(node, "noise") : node;
        bool isKnown = levels.Kind == "BasicScheduler" && choice.Kind == "KSamplerSelect"
            && guider.Kind is Custom or "CFGGuider" or "BasicGuider";
        if (!isKnown)
        {
            throw new InvalidDataException(
                $"The image's ComfyUI graph is ambiguous: {node} samples with {choice}, {levels} and {guider}; expected KSamplerSelect, "
                + "BasicScheduler, and CFGGuider or BasicGuider.");
        }

        return new ComfySampler
        {
            Node = node, Guider = guider, ModelUser = guider, Seed = graph.Number(seed, "noise_seed")?.ToSeed(),
            Steps = graph.Number(levels, "steps")?.ToInt(), Guidance = graph.Number(guider, "cfg")?.ToDouble(),
            Sampler = graph.Text(choice, "sampler_name"), Schedule = graph.Text(levels, "scheduler"),
            Denoise = graph.Number(levels, "denoise")?.ToDouble() ?? 1,
        };
    }
}
