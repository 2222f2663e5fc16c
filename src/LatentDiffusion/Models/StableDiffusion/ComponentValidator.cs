namespace LatentDiffusion.Models;

/// <summary>Checks that the components of a model fit each other.</summary>
internal static class ComponentValidator
{
    /// <summary>Refuses components that do not make a model, before anything is built from them.</summary>
    /// <param name="components">The components.</param>
    /// <exception cref="InvalidDataException">They contradict each other.</exception>
    public static void Check(ModelComponents components)
    {
        if (!components.IsPartial) _ = components.Autoencoder;
        if (components.TextEncoder is null && components.TextEncoder2 is null)
        {
            if (components.IsPartial) return;
            throw new InvalidDataException($"The {components.PipelineClass} has no text encoder.");
        }

        CheckTower("text_encoder", components.TextEncoder, "tokenizer", components.Tokenizer);
        CheckTower("text_encoder_2", components.TextEncoder2, "tokenizer_2", components.Tokenizer2);
        CheckWidths(components);
        CheckSizes(components);
    }

    private static void CheckTower(string name, ClipTextModel? tower, string tokenizerName, ClipTokenizerFiles? tokenizer)
    {
        if (tower is null) return;
        if (tokenizer is null) throw new InvalidDataException($"The model has a {name} and no {tokenizerName}.");
        foreach ((string token, int id) in tokenizer.Vocabulary.Tokens)
        {
            if (id >= 0 && id < tower.Config.VocabSize) continue;
            throw new InvalidDataException(
                $"The {tokenizerName} has the id {id} for '{token}'; the vocabulary of the {name} has {tower.Config.VocabSize} tokens.");
        }

        if (tokenizer.MaxLength > tower.Config.MaxPositionEmbeddings)
        {
            throw new InvalidDataException(
                $"The {tokenizerName} gives {tokenizer.MaxLength} tokens; the {name} takes at most {tower.Config.MaxPositionEmbeddings}.");
        }
    }

    private static void CheckWidths(ModelComponents components)
    {
        UNet2DConditionConfig config = components.UNet.Config;
        int taken = config.EncoderHidDim ?? config.CrossAttentionDim[0];
        int given = (components.TextEncoder?.Config.HiddenSize ?? 0) + (components.TextEncoder2?.Config.HiddenSize ?? 0);
        if (given != taken)
            throw new InvalidDataException($"The text encoder gives hidden states of width {given}; the U-Net takes {taken}.");
    }

    /// <summary>The U-Net reads six numbers about the image, or with an aesthetic score five.</summary>
    private static void CheckSizes(ModelComponents components)
    {
        UNet2DConditionConfig config = components.UNet.Config;
        if (config is not { AdditionEmbedType: "text_time", ProjectionClassEmbeddingsInputDim: { } width, AdditionTimeEmbedDim: { } each })
            return;
        if (components.TextEncoder2 is not { HasProjection: true } second)
        {
            throw new InvalidDataException(
                "The U-Net takes a pooled text (addition_embed_type text_time), and the model has no text_encoder_2 with a projection.");
        }

        int numbers = components.RequiresAestheticsScore ? 5 : 6, given = second.Config.ProjectionDim + numbers * each;
        if (given != width)
        {
            throw new InvalidDataException(
                $"With requires_aesthetics_score {components.RequiresAestheticsScore}, the U-Net receives {given} added values "
                + $"(a pooled text of {second.Config.ProjectionDim} and {numbers} numbers of {each} each); it takes {width}.");
        }
    }
}
