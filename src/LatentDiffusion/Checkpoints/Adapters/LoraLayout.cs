namespace LatentDiffusion.Checkpoints;

/// <summary>How the tensors of a written LoRA file are named.</summary>
public enum LoraLayout
{
    /// <summary>
    /// peft and diffusers: <c>unet.….to_q.lora_A.weight</c> and <c>lora_B.weight</c>, with rank and strength in the metadata where they
    /// differ.
    /// </summary>
    Peft,

    /// <summary>
    /// kohya's sd-scripts, which ComfyUI and the web UI read too: <c>lora_unet_…_to_q.lora_down.weight</c>, <c>lora_up.weight</c> and
    /// <c>alpha</c>. Transformers have <c>lora_transformer_</c> and the module names of diffusers.
    /// </summary>
    Kohya,
}
