namespace LatentDiffusion.Models;

/// <summary>
/// How LoRA files name the networks of Stable Diffusion: in the way of peft and diffusers, of ComfyUI, of kohya, and of LyCORIS.
/// </summary>
internal static class StableDiffusionLora
{
    /// <summary>The U-Net, which a file means that marks no component, and the text encoders.</summary>
    public static IReadOnlyList<LoraComponent> Components { get; } =
    [
        new(ComponentNames.UNet)
        {
            Prefixes = ["diffusion_model.", "lora_unet_", "lycoris_", "oft_unet_"],
            CurrentName = LdmModuleNames.Current, Order = PackedLoraOrder.ForTarget,
        },
        TextLora.Clip(
            ComponentNames.TextEncoder,
            "lora_te_", "lora_te1_", "text_encoders.clip_l.transformer.", "text_encoders.clip_h.transformer."),
        TextLora.Clip(ComponentNames.TextEncoder2, "lora_te2_", "text_encoders.clip_g.transformer."),
    ];
}
