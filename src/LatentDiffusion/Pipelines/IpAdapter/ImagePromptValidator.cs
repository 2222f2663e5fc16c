namespace LatentDiffusion;

/// <summary>Checks the image prompts of a request and their weights.</summary>
internal static class ImagePromptValidator
{
    /// <summary>The most images of one adapter, far more than any is used with.</summary>
    private const int MostImages = 256;

    /// <summary>Checks a request that is complete.</summary>
    /// <exception cref="ArgumentException">It has image prompts that the adapters cannot read; the message names them.</exception>
    public static void Check(GenerationRequest request, IReadOnlyList<LoadedIpAdapter> adapters)
    {
        const string Name = nameof(request.ImagePrompts), Weights = nameof(request.IpAdapterWeights);
        if (request.ImagePrompts is not { } prompts) return;
        string expected = adapters.Count == 0
            ? "null, because the pipeline has no IP-Adapter"
            : $"a list of {adapters.Count}, one for each IP-Adapter";
        RequestValidator.Check(prompts.Count == adapters.Count && prompts.Count > 0, Name, $"a list of {prompts.Count}", expected);
        for (int i = 0; i < prompts.Count; i++) Check(prompts[i], adapters[i], $"{Name}[{i}]");
        IReadOnlyList<IpAdapterWeight> weights = request.IpAdapterWeights!;
        RequestValidator.Check(weights.Count == adapters.Count, Weights, $"a list of {weights.Count}", expected);
        for (int i = 0; i < weights.Count; i++) Check(weights[i], adapters[i], $"{Weights}[{i}]");
    }

    /// <summary>Checks the images of one adapter.</summary>
    /// <exception cref="ArgumentException">They are none or too many, or one is null.</exception>
    public static void Check(IReadOnlyList<ImageBuffer> images, string name)
    {
        RequestValidator.Check(
            images.Count is > 0 and <= MostImages, name, $"a list of {images.Count}", $"from 1 to {MostImages} images");
        RequestValidator.Check(!images.Contains(null!), name, "with a null among them", "images only");
    }

    private static void Check(ImagePrompt? prompt, LoadedIpAdapter adapter, string name)
    {
        RequestValidator.Check(prompt is not null, name, "null", "images or embeddings");
        bool hasImages = prompt!.Images is not null, hasEmbeds = prompt.Embeds is not null;
        RequestValidator.Check(
            hasImages != hasEmbeds, name, hasImages ? "with images and embeddings" : "without images and embeddings", "one of the two");
        if (prompt.Images is { } images) Check(images, $"{name}.{nameof(prompt.Images)}");
        RequestValidator.Check(
            !hasImages || adapter.Encoder is not null, $"{name}.{nameof(prompt.Images)}", "given",
            $"{nameof(prompt.Embeds)}, because '{adapter.Name}' has no image encoder; name one in "
            + nameof(IpAdapterBuilderExtensions.UseIpAdapter));
        if (prompt.Embeds is { } embeds) Check(embeds, adapter, $"{name}.{nameof(prompt.Embeds)}");
        if (prompt.Masks is not { } masks) return;
        string maskName = $"{name}.{nameof(prompt.Masks)}";
        RequestValidator.Check(
            masks.Count == prompt.Count, maskName, $"a list of {masks.Count}", $"{prompt.Count}, one for each image, or null");
        RequestValidator.Check(!masks.Contains(null!), maskName, "with a null among them", "masks only");
    }

    private static void Check(ImageEmbeds embeds, LoadedIpAdapter adapter, string name)
    {
        string shape = string.Join(", ", embeds.Shape), states = adapter.Network.ReadsHiddenStates ? "states, " : "";
        RequestValidator.Check(
            adapter.Reads(embeds), name, $"of shape [{shape}]",
            $"[images, {states}{adapter.Network.InputWidth}], which '{adapter.Name}' reads");
        RequestValidator.Check(
            !embeds.AreHiddenStates || embeds.HasNegative || adapter.Encoder is not null, name, "without negative embeddings",
            "some, because the pipeline has no image encoder");
    }

    private static void Check(IpAdapterWeight? weight, LoadedIpAdapter adapter, string name)
    {
        RequestValidator.Check(weight is not null, name, "null", "a weight");
        StepInterval.Check(name, weight!.Scale, weight.Start, weight.End);
        foreach ((string path, double scale) in weight.LayerScales ?? new Dictionary<string, double>())
        {
            string shown = $"{name}.{nameof(weight.LayerScales)}[\"{MessageText.Truncate(path, 100)}\"]";
            RequestValidator.Check(double.IsFinite(scale), shown, scale, "a finite number");
            RequestValidator.Check(
                adapter.Layers.Any(layer => IpAdapterWeight.IsAtOrBelow(layer, path)), shown, "given",
                "a path with cross-attention at or below it");
        }
    }
}
