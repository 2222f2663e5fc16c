namespace LatentDiffusion.Models;

/// <summary>The parts of a Stable Diffusion model that training uses.</summary>
internal static class StableDiffusionTraining
{
    /// <summary>The parts of a model that has a text encoder and an autoencoder.</summary>
    /// <exception cref="InvalidDataException">It lacks one, or the components contradict each other.</exception>
    public static TrainableModel Create(ModelComponents model)
    {
        ComponentValidator.Check(model);
        if (model.TextEncoder is null && model.TextEncoder2 is null)
            throw new InvalidDataException($"The {model.PipelineClass} has no text encoder.");
        ClipTokenizer? first = model.TextEncoder is null ? null : model.Tokenizer!.Build();
        ClipTokenizer? second = model.TextEncoder2 is null ? null : model.Tokenizer2!.Build();
        LatentAutoencoder autoencoder = LatentAutoencoder.Create(model.Autoencoder);
        return new TrainableModel
        {
            Denoiser = new UNetDenoiser(model.UNet, model.RequiresAestheticsScore),
            Autoencoder = autoencoder,
            Scaling = autoencoder.PlainScaling,
            // The refiner has only the second text encoder.
            Tokenizer = first ?? second,
            SecondTokenizer = first is null ? null : second,
            ReadsSizes = model.UNet.Config.AdditionEmbedType == "text_time",
            Texts = (data, train) => Texts(model, first, second, data, train),
        };
    }

    /// <summary>The text towers of a model, which keeps its networks.</summary>
    /// <exception cref="InvalidDataException">It has none, or the components contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is of another family.</exception>
    public static ClipTowers Towers(ModelComponents model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (model.Family is not StableDiffusionFamily)
            throw new NotSupportedException(
                $"The texts of {model.Family.Name} models do not come from CLIP text encoders only; expected a Stable Diffusion model.");
        ComponentValidator.Check(model);
        (ClipTextModel, ClipTokenizer)? first = model.TextEncoder is { } text ? (text, model.Tokenizer!.Build()) : null;
        if (model.TextEncoder2 is { } second) return new ClipTowers(first, (second, model.Tokenizer2!.Build()));
        return first is { } one
            ? new ClipTowers(one.Item1, one.Item2)
            : throw new InvalidDataException($"The {model.PipelineClass} has no text encoder.");
    }

    private static ClipTextConditioning Texts(
        ModelComponents model, ClipTokenizer? first, ClipTokenizer? second, LatentCache data, bool train)
    {
        if (second is null) return new ClipTextConditioning(model.TextEncoder!, first!, data.Ids, train);
        bool zeros = model.ForceZerosForEmptyPrompt;
        return first is null
            ? new ClipTextConditioning(null, (model.TextEncoder2!, second, data.Ids), zeros, train)
            : new ClipTextConditioning((model.TextEncoder!, first, data.Ids), (model.TextEncoder2!, second, data.SecondIds), zeros, train);
    }
}
