namespace LatentDiffusion;

/// <summary>Which components make a model together.</summary>
internal static class ComponentValidator
{
    /// <summary>Refuses components of which no model can be made, before anything is built of them.</summary>
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
            if (id < 0 || id >= tower.Config.VocabSize) throw new InvalidDataException($"The {tokenizerName} has the id {id} for '{token}', and the {name} knows {tower.Config.VocabSize}.");
        if (tokenizer.MaxLength > tower.Config.MaxPositionEmbeddings)
            throw new InvalidDataException($"The {tokenizerName} gives {tokenizer.MaxLength} tokens, and the {name} takes {tower.Config.MaxPositionEmbeddings}.");
    }

    private static void CheckWidths(ModelComponents components)
    {
        UNet2DConditionConfig config = components.UNet.Config;
        int taken = config.EncoderHidDim ?? config.CrossAttentionDim[0];
        int given = (components.TextEncoder?.Config.HiddenSize ?? 0) + (components.TextEncoder2?.Config.HiddenSize ?? 0);
        if (given != taken) throw new InvalidDataException($"The text encoder gives hidden states of width {given}, and the U-Net takes {taken}.");
    }

    /// <summary>The numbers that the U-Net is told are six, or with an aesthetic score five.</summary>
    private static void CheckSizes(ModelComponents components)
    {
        if (components.UNet.Config is not { AdditionEmbedType: "text_time", ProjectionClassEmbeddingsInputDim: { } width, AdditionTimeEmbedDim: { } each }) return;
        if (components.TextEncoder2 is not { HasProjection: true } second)
            throw new InvalidDataException("The U-Net takes a pooled text (addition_embed_type text_time), and the model has no text_encoder_2 with a projection.");
        int numbers = components.RequiresAestheticsScore ? 5 : 6, given = second.Config.ProjectionDim + numbers * each;
        if (given != width)
        {
            throw new InvalidDataException(
                $"With requires_aesthetics_score {components.RequiresAestheticsScore} the U-Net is given {given} added values, a pooled text of {second.Config.ProjectionDim} and {numbers} numbers of {each} each; it takes {width}.");
        }
    }
}
