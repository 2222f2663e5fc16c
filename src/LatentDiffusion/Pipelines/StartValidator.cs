namespace LatentDiffusion;

/// <summary>What a generation may start from: noise alone, or a picture, some of which may be kept.</summary>
internal static class StartValidator
{
    /// <summary>Whether the denoiser takes a mask and a masked picture's latents beside those it works on: a model for inpainting.</summary>
    public static bool IsInpaintingModel(PipelineComponents parts) => parts.Denoiser.InChannels == 2 * parts.Autoencoder.LatentChannels + 1;

    /// <summary>The pass after the latents were enlarged; null where they are not. What is told of sizes grows with them.</summary>
    public static GenerationRequest? SecondPass(GenerationRequest request)
    {
        if (request.Upscale is not { } upscale) return null;
        double x = (double)upscale.Width / request.Width!.Value, y = (double)upscale.Height / request.Height!.Value;
        return request with
        {
            Width = upscale.Width, Height = upscale.Height, Strength = upscale.Strength, Upscale = null,
            // Where all is repainted, the picture has done its part.
            InitialImage = request.Mask is null ? null : request.InitialImage,
            SizeConditioningInput = request.SizeConditioningInput?.Upscaled(x, y), NegativeSizeConditioningInput = request.NegativeSizeConditioningInput?.Upscaled(x, y),
        };
    }

    /// <exception cref="NotSupportedException">The denoiser takes what no task gives it.</exception>
    public static void CheckChannels(PipelineComponents parts)
    {
        int taken = parts.Denoiser.InChannels, latents = parts.Autoencoder.LatentChannels;
        if (taken != latents && !IsInpaintingModel(parts))
            throw new NotSupportedException($"The denoiser takes {taken} channels and the autoencoder's latents have {latents}; it has to take as many, or {2 * latents + 1} for inpainting.");
    }

    /// <exception cref="ArgumentException">The request, which is complete, asks for what cannot be done; the message names it.</exception>
    public static void Check(GenerationRequest request, PipelineComponents parts)
    {
        if (IsInpaintingModel(parts))
        {
            RequestValidator.Check(request.InitialImage is not null, nameof(request.InitialImage), "null", "a picture, for the model is one for inpainting");
            RequestValidator.Check(request.Mask is not null, nameof(request.Mask), "null", "a mask, for the model is one for inpainting");
        }

        int controls = parts.ControlNets.Count;
        RequestValidator.Check(
            (request.ControlImages?.Count ?? 0) == controls, nameof(request.ControlImages), request.ControlImages is { } given ? $"{given.Count} pictures" : "null",
            controls == 0 ? "none, for the pipeline has no ControlNet" : $"{controls}, one for each ControlNet");
        RequestValidator.Check(request.ControlImages?.Contains(null!) is not true, nameof(request.ControlImages), "with a null among them", "pictures");
        CheckControlWeights(request.ControlWeights, controls);
        SamplingPlan plan = CheckStart(request, parts);
        if (SecondPass(request) is { } second)
        {
            int factor = parts.Autoencoder.DownsamplingFactor;
            RequestValidator.Size($"{nameof(request.Upscale)}.{nameof(request.Width)}", second.Width!.Value, factor);
            RequestValidator.Size($"{nameof(request.Upscale)}.{nameof(request.Height)}", second.Height!.Value, factor);
            string strength = $"{nameof(request.Upscale)}.{nameof(request.Strength)}";
            CheckStrength(strength, second);
            RequestSampling.Check(second, parts, strength);
        }

        parts.Refiner?.Check(request, plan, parts.Scheduler);
    }

    /// <summary>What the first pass starts from.</summary>
    private static SamplingPlan CheckStart(GenerationRequest request, PipelineComponents parts)
    {
        if (request.InitialImage is { } image)
        {
            CheckStrength(nameof(request.Strength), request);
            if (request.Mask is { } mask)
            {
                RequestValidator.Check(
                    (mask.Width, mask.Height) == (image.Width, image.Height), nameof(request.Mask), $"{mask.Width} x {mask.Height} pixels",
                    $"{image.Width} x {image.Height}, the size of {nameof(request.InitialImage)}");
            }
        }

        return RequestSampling.Check(request, parts, nameof(request.Strength));
    }

    private static void CheckControlWeights(IReadOnlyList<ControlWeight>? weights, int controls)
    {
        const string Name = nameof(GenerationRequest.ControlWeights);
        if (weights is null) return;
        RequestValidator.Check(
            weights.Count == controls, Name, $"{weights.Count} weights", controls == 0 ? "none, for the pipeline has no ControlNet" : $"{controls}, one for each ControlNet");
        for (int i = 0; i < controls; i++)
        {
            ControlWeight weight = weights[i];
            RequestValidator.Check(weight is not null, $"{Name}[{i}]", "null", "a weight");
            RequestValidator.Check(double.IsFinite(weight!.Scale!.Value), $"{Name}[{i}].{nameof(weight.Scale)}", weight.Scale, "a finite number");
            RequestValidator.Check(weight.Start is >= 0 and < 1, $"{Name}[{i}].{nameof(weight.Start)}", weight.Start, "at least 0 and below 1");
            RequestValidator.Check(weight.End > weight.Start && weight.End <= 1, $"{Name}[{i}].{nameof(weight.End)}", weight.End, $"above the start, {weight.Start}, and at most 1");
        }
    }

    private static void CheckStrength(string name, GenerationRequest request)
    {
        RequestSettings.Strength.Check(name, request.Strength);
        RequestValidator.Check(
            (int)(request.Steps!.Value * request.Strength!.Value) > 0, name, request.Strength,
            $"at least 1/{request.Steps}, for one of {request.Steps} steps to be left");
    }
}
