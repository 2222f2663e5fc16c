namespace LatentDiffusion.Models;

/// <summary>The components of a Stable Diffusion 3 model.</summary>
internal static class SD3Parts
{
    extension(ModelComponents components)
    {
        /// <summary>The text encoder; null where a single file, or a folder without texts, has none.</summary>
        /// <exception cref="InvalidDataException">A text encoder lacks its tokenizer, or they do not fit the transformer.</exception>
        public SD3TextEncoder? CreateSD3TextEncoder()
        {
            SD3TransformerConfig config = components.Get<SD3Transformer2DModel>(ComponentNames.Transformer).Config;
            if (components.Find<ClipTextModel>(ComponentNames.TextEncoder) is not { } first
                || components.Find<ClipTextModel>(ComponentNames.TextEncoder2) is not { } second) return null;
            var third = components.Find<T5EncoderModel>(ComponentNames.TextEncoder3);
            CheckWidths(config, first, second, third);
            return new SD3TextEncoder(
                (first, Clip(ComponentNames.Tokenizer)), (second, Clip(ComponentNames.Tokenizer2)),
                third is null ? null : (third, components.Get<TextTokenizerFiles>(ComponentNames.Tokenizer3).Build()),
                jointWidth: config.JointAttentionDim);

            ClipTokenizer Clip(string name) => components.Get<ClipTokenizerFiles>(name).Build();
        }
    }

    private static void CheckWidths(SD3TransformerConfig config, ClipTextModel first, ClipTextModel second, T5EncoderModel? third)
    {
        if (!first.HasProjection || !second.HasProjection)
            throw new InvalidDataException("A CLIP text encoder has no projection; the transformer reads the projected texts of both.");
        int pooled = first.Config.ProjectionDim + second.Config.ProjectionDim;
        if (pooled != config.PooledProjectionDim)
        {
            throw new InvalidDataException(
                $"The CLIP text encoders give a pooled text of width {pooled}; the transformer takes {config.PooledProjectionDim}.");
        }

        if (third is { Config.DModel: var width } && width != config.JointAttentionDim)
        {
            throw new InvalidDataException(
                $"T5 gives hidden states of width {width}; the transformer takes {config.JointAttentionDim}.");
        }

        int joined = first.Config.HiddenSize + second.Config.HiddenSize;
        if (joined > config.JointAttentionDim)
        {
            throw new InvalidDataException(
                $"The CLIP text encoders give hidden states of width {joined}; the transformer takes {config.JointAttentionDim}.");
        }
    }
}
