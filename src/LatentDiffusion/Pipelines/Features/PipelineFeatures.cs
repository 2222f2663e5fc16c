namespace LatentDiffusion;

/// <summary>All features of pipelines.</summary>
internal static class PipelineFeatures
{
    /// <summary>
    /// Each adds a feature to a pipeline that is being built, or does nothing. In the order in which they are called and described.
    /// </summary>
    private static readonly Action<PipelineAssembly>[] s_all =
    [
        LoraFeature.AddTo,
        AutoencoderFeature.AddTo,
        PreviewFeature.AddTo,
        SizeConditioningFeature.AddTo,
        PromptWeightingFeature.AddTo,
        TextualInversionFeature.AddTo,
        PromptSyntaxFeature.AddTo,
        PromptLoraFeature.AddTo,
        ReferenceImageFeature.AddTo,
        InstructPix2PixFeature.AddTo,
        ControlNetFeature.AddTo,
        T2IAdapterFeature.AddTo,
        // Around ControlNets and T2I-Adapters, which do not read image prompts.
        IpAdapterFeature.AddTo,
        StepCachingFeature.AddTo,
        TilingFeature.AddTo,
        RefinerFeature.AddTo,
        UpscalerFeature.AddTo,
    ];

    public static void AddTo(PipelineAssembly assembly)
    {
        foreach (Action<PipelineAssembly> add in s_all) add(assembly);
    }
}
