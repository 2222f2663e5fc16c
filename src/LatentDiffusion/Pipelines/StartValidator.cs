namespace LatentDiffusion;

/// <summary>Checks what a generation starts from: noise, or an image of which an area may be preserved.</summary>
internal static class StartValidator
{
    /// <summary>Whether the denoiser reads a mask and the latents of the masked image: an inpainting model.</summary>
    public static bool IsInpaintingModel(PipelineComponents parts) => IsInpaintingModel(parts.Denoiser.Description, parts.Autoencoder);

    /// <summary>The request of the pass after upscaling; null without upscaling. Size conditioning is scaled with the image.</summary>
    public static GenerationRequest? SecondPass(GenerationRequest request)
    {
        if (request.Upscale is not { } upscale) return null;
        double x = (double)upscale.Width / request.Width!.Value, y = (double)upscale.Height / request.Height!.Value;
        return request with
        {
            Width = upscale.Width, Height = upscale.Height, Strength = upscale.Strength, Upscale = null,
            // Without a mask the second pass starts from the latents only.
            InitialImage = request.Mask is null ? null : request.InitialImage,
            SizeConditioningInput = request.SizeConditioningInput?.Upscaled(x, y),
            NegativeSizeConditioningInput = request.NegativeSizeConditioningInput?.Upscaled(x, y),
        };
    }

    /// <exception cref="NotSupportedException">The denoiser takes what no task gives it.</exception>
    public static void CheckChannels(DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        int latents = autoencoder.LatentChannels;
        bool reads = denoiser.ConcatenatedChannels == 0 || IsInpaintingModel(denoiser, autoencoder);
        if (denoiser.LatentChannels == latents && reads) return;
        throw new NotSupportedException(
            $"The denoiser takes {denoiser.InputChannels} channels and the autoencoder's latents have {latents}; "
            + $"it has to take as many, or {2 * latents + 1} for inpainting.");
    }

    private static bool IsInpaintingModel(DenoiserDescription denoiser, IAutoencoder autoencoder) =>
        denoiser.ConcatenatedChannels == autoencoder.LatentChannels + 1;

    /// <exception cref="ArgumentException">The request, which is complete, asks for what cannot be done; the message names it.</exception>
    /// <returns>The plan of the first pass.</returns>
    public static SamplingPlan Check(GenerationRequest request, PipelineComponents parts)
    {
        if (IsInpaintingModel(parts))
        {
            const string Reason = "for the model is an inpainting model";
            RequestValidator.Check(request.InitialImage is not null, nameof(request.InitialImage), "null", $"an image, {Reason}");
            RequestValidator.Check(request.Mask is not null, nameof(request.Mask), "null", $"a mask, {Reason}");
        }

        SamplingPlan plan = CheckStart(request, parts);
        if (SecondPass(request) is { } second)
        {
            int factor = parts.PixelsPerPatch;
            RequestValidator.Size($"{nameof(request.Upscale)}.{nameof(request.Width)}", second.Width!.Value, factor);
            RequestValidator.Size($"{nameof(request.Upscale)}.{nameof(request.Height)}", second.Height!.Value, factor);
            string strength = $"{nameof(request.Upscale)}.{nameof(request.Strength)}";
            CheckStrength(strength, second);
            RequestSampling.Check(second, parts, strength);
        }

        return plan;
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

    private static void CheckStrength(string name, GenerationRequest request)
    {
        RequestSettings.Strength.Check(name, request.Strength);
        RequestValidator.Check(
            (int)(request.Steps!.Value * request.Strength!.Value) > 0, name, request.Strength,
            $"at least 1/{request.Steps}, for one of {request.Steps} steps to be left");
    }
}
