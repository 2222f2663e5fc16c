namespace LatentDiffusion;

/// <summary>Checks the start of a generation: noise, or an image of which an area may be preserved.</summary>
internal static class StartValidator
{
    /// <summary>Whether the denoiser reads a mask and the latents of the masked image: an inpainting model.</summary>
    public static bool IsInpaintingModel(PipelineComponents components) =>
        IsInpaintingModel(components.Denoiser.Description, components.Autoencoder);

    /// <summary>Whether the denoiser reads the latents of an image that it edits: InstructPix2Pix.</summary>
    public static bool IsEditingModel(DenoiserDescription denoiser, IAutoencoder autoencoder) =>
        denoiser.ConcatenatedChannels == autoencoder.LatentChannels;

    /// <summary>The request of the pass after upscaling; null without upscaling. Size conditioning is scaled with the image.</summary>
    public static GenerationRequest? SecondPass(GenerationRequest request)
    {
        if (request.Upscale is not { } upscale) return null;
        double x = (double)upscale.Width / request.Width!.Value, y = (double)upscale.Height / request.Height!.Value;
        return request with
        {
            Width = upscale.Width, Height = upscale.Height, Strength = upscale.Strength, Upscale = null,
            Steps = upscale.Steps ?? request.Steps,
            // Without a mask the second pass starts from the latents only.
            InitialImage = request.Mask is null ? null : request.InitialImage,
            SizeConditioningInput = request.SizeConditioningInput?.Upscaled(x, y),
            NegativeSizeConditioningInput = request.NegativeSizeConditioningInput?.Upscaled(x, y),
        };
    }

    /// <exception cref="NotSupportedException">The denoiser needs an input that no task supplies.</exception>
    public static void CheckChannels(DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        int latents = autoencoder.LatentChannels;
        bool reads = denoiser.ConcatenatedChannels == 0 || IsInpaintingModel(denoiser, autoencoder)
            || IsEditingModel(denoiser, autoencoder);
        if (denoiser.LatentChannels == latents && reads) return;
        throw new NotSupportedException(
            $"The denoiser has {denoiser.InputChannels} input channels and the autoencoder {latents} latent channels; "
            + $"expected {latents} input channels, {2 * latents} to edit an image, or {2 * latents + 1} for inpainting.");
    }

    private static bool IsInpaintingModel(DenoiserDescription denoiser, IAutoencoder autoencoder) =>
        denoiser.ConcatenatedChannels == autoencoder.LatentChannels + 1;

    /// <exception cref="ArgumentException">The completed request asks for something impossible; the message names it.</exception>
    /// <returns>The plan of the first pass.</returns>
    public static SamplingPlan Check(GenerationRequest request, PipelineComponents components)
    {
        if (IsInpaintingModel(components))
        {
            const string Reason = "for the model is an inpainting model";
            RequestValidator.Check(request.InitialImage is not null, nameof(request.InitialImage), "null", $"an image, {Reason}");
            RequestValidator.Check(request.Mask is not null, nameof(request.Mask), "null", $"a mask, {Reason}");
        }

        SamplingPlan plan = CheckStart(request, components);
        if (SecondPass(request) is { } second)
        {
            int factor = components.PixelsPerPatch;
            RequestValidator.Size($"{nameof(request.Upscale)}.{nameof(request.Width)}", second.Width!.Value, factor);
            RequestValidator.Size($"{nameof(request.Upscale)}.{nameof(request.Height)}", second.Height!.Value, factor);
            CheckSteps(request);
            string strength = $"{nameof(request.Upscale)}.{nameof(request.Strength)}";
            CheckStrength(strength, second);
            RequestSampling.Check(second, components, strength);
        }

        return plan;
    }

    /// <summary>The start of the first pass.</summary>
    private static SamplingPlan CheckStart(GenerationRequest request, PipelineComponents components)
    {
        if (request.InitialImage is not null)
        {
            CheckStrength(nameof(request.Strength), request);
            if (request.Mask is not null) InpaintingValidator.Check(request);
        }

        return RequestSampling.Check(request, components, nameof(request.Strength));
    }

    private static void CheckSteps(GenerationRequest request)
    {
        const string Name = $"{nameof(request.Upscale)}.{nameof(request.Steps)}";
        if (request.Upscale!.Steps is not { } steps) return;
        RequestSettings.Steps.Check(Name, steps);
        RequestValidator.Check(
            request.Timesteps is null && request.Sigmas is null, Name, steps,
            $"null together with {nameof(request.Timesteps)} or {nameof(request.Sigmas)}");
    }

    private static void CheckStrength(string name, GenerationRequest request)
    {
        RequestSettings.Strength.Check(name, request.Strength);
        RequestValidator.Check(
            (int)(request.Steps!.Value * request.Strength!.Value) > 0, name, request.Strength,
            $"at least 1/{request.Steps}, for one of {request.Steps} steps to be left");
    }
}
