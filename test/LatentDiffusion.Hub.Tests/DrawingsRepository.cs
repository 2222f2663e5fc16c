namespace LatentDiffusion.Hub.Tests;

/// <summary>The shipped model as a published repository, among files that a pipeline does not read.</summary>
internal static class DrawingsRepository
{
    public const string Id = TestHub.Id;

    public static string[] Needed { get; } =
    [
        "model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.safetensors",
        "tokenizer/merges.txt", "tokenizer/special_tokens_map.json", "tokenizer/tokenizer_config.json", "tokenizer/vocab.json",
        "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
    ];

    private static string[] Others { get; } =
    [
        "README.md", "model.ckpt", "v1-5-pruned.safetensors", "text_encoder/pytorch_model.bin", "text_encoder/flax_model.msgpack",
        "text_encoder/model.fp16.safetensors", "text_encoder/model.onnx", "unet/diffusion_pytorch_model.bin",
        "unet/diffusion_pytorch_model.fp16.safetensors", "unet/openvino_model.xml", "unet/openvino_model.bin",
        "unet/diffusion_pytorch_model-00001-of-00002.safetensors", "unet/diffusion_pytorch_model.safetensors.index.json",
        "vae/diffusion_pytorch_model.bin", "vae_decoder/model.onnx", "safety_checker/config.json", "safety_checker/model.safetensors",
        "feature_extractor/preprocessor_config.json",
    ];

    public static string Folder => Path.Combine(BuildSettings.Root, "src", "LatentDiffusion.Models.Drawings", "model");

    /// <summary>Adds the model, and unless it is to be the only content, files that stay where they are.</summary>
    public static void AddTo(HostileServer server, string id = Id, bool withOthers = true)
    {
        foreach (string file in Needed)
            server.Add(id, file, new Content(File.ReadAllBytes(Path.Combine(Folder, file)), IsLarge(file)));
        foreach (string file in withOthers ? Others : []) server.Add(id, file, Content.Text("not read"));
        server.BlockSize = 1 << 20;
    }

    private static bool IsLarge(string file) => Path.GetExtension(file) == ".safetensors";
}
