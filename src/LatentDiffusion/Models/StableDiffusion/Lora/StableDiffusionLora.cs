namespace LatentDiffusion.Models;

/// <summary>How LoRA files name the networks of Stable Diffusion: in the way of peft and diffusers, of ComfyUI, and of kohya.</summary>
internal static class StableDiffusionLora
{
    /// <summary>The projections of a text encoder's attention.</summary>
    private static readonly string[] s_projections = ["q_proj", "k_proj", "v_proj", "out_proj"];

    /// <summary>The U-Net, which a file means that marks no component, and the text encoders.</summary>
    public static IReadOnlyList<LoraComponent> Components { get; } =
    [
        new(ComponentNames.UNet)
        {
            Prefixes = ["diffusion_model.", "lora_unet_"], CurrentName = LdmModuleNames.Current, Order = PackedLoraOrder.Of,
        },
        TextEncoder(ComponentNames.TextEncoder, "lora_te_", "lora_te1_"),
        TextEncoder(ComponentNames.TextEncoder2, "lora_te2_"),
    ];

    private static LoraComponent TextEncoder(string name, params string[] prefixes) => new(name)
    {
        Prefixes = prefixes, TrainedLayers = s_projections, IsTextEncoder = true,
        CurrentName = LdmModuleNames.Current, Order = PackedLoraOrder.Of,
    };
}
