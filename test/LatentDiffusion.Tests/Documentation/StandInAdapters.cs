using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>LoRA files, embeddings, ControlNets and other adapters that fit the model of their snippet.</summary>
internal static class StandInAdapters
{
    private const string Query = ".to_q.weight";

    public static Dictionary<string, Action<StandIn>> Table { get; } = new()
    {
        ["style.safetensors"] = WriteLora,
        ["watercolour.safetensors"] = WriteLora,
        ["lcm-lora-sdv1-5.safetensors"] = WriteLora,
        ["pytorch_lora_weights.safetensors"] = WriteLora,
        ["loras"] = WriteLoras,
        ["cat-toy.safetensors"] = WriteEmbedding,
        ["easynegative.pt"] = WriteEmbedding,
        ["sd-controlnet-canny"] = WriteControlNet,
        ["sd-controlnet-depth"] = WriteControlNet,
        ["control_v11p_sd15_canny.pth"] = WriteControlNetFile,
        ["t2iadapter-sketch-sd15v2"] = WriteT2IAdapter,
        ["ip-adapter-plus_sd15.safetensors"] = WriteIpAdapter,
        ["image_encoder"] = folder => TinyIpAdapters.WriteEncoder(folder.Path),
        ["controlnet-union-sdxl-1.0"] = WriteUnion,
    };

    private static void WriteLoras(StandIn folder)
    {
        Directory.CreateDirectory(folder.Path);
        WriteLora(folder with { Path = Path.Combine(folder.Path, "watercolour.safetensors") });
    }

    /// <summary>A LoRA of one layer.</summary>
    public static void WriteLora(StandIn file)
    {
        string model = StandInModels.FolderOf(file);
        string component = ((string[])[ComponentNames.UNet, ComponentNames.Transformer])
            .First(name => Directory.Exists(Path.Combine(model, name)));
        string weights = Directory.EnumerateFiles(Path.Combine(model, component), "*.safetensors").First();
        using SafetensorsFile network = SafetensorsFile.Open(weights);
        TensorEntry query = network.Entries.First(entry => entry.Name.EndsWith(Query, StringComparison.Ordinal));
        string name = $"{component}.{query.Name[..^".weight".Length]}";
        using Tensor down = ones(2, query.Shape[1]), up = full([query.Shape[0], 2], 1e-3);
        SafetensorsWriter.Write(
            file.Path,
            new Dictionary<string, Tensor> { [$"{name}.lora_A.weight"] = down, [$"{name}.lora_B.weight"] = up });
    }

    private static void WriteEmbedding(StandIn file)
    {
        string model = StandInModels.FolderOf(file);
        using Tensor first = ones(2, Width(ComponentNames.TextEncoder)!.Value);
        if (Path.GetExtension(file.Path) == ".pt") EmbeddingFiles.WebUi(file.Path, "token", first);
        else if (Width(ComponentNames.TextEncoder2) is not { } width) EmbeddingFiles.Safetensors(file.Path, ("token", first));
        else
        {
            using Tensor second = ones(2, width);
            EmbeddingFiles.Safetensors(file.Path, (TextualInversion.FirstTower, first), (TextualInversion.SecondTower, second));
        }

        int? Width(string encoder)
        {
            string config = Path.Combine(model, encoder, "config.json");
            return File.Exists(config) ? (int)JsonNode.Parse(File.ReadAllText(config))!["hidden_size"]! : null;
        }
    }

    private static void WriteUnion(StandIn folder)
    {
        UNet2DConditionConfig unet = ReadUNet(folder);
        using ControlNetUnionModel network = new ControlNetUnionConfig
        {
            BlockOutChannels = unet.BlockOutChannels, DownBlockTypes = unet.DownBlockTypes, CrossAttentionDim = unet.CrossAttentionDim,
            AttentionHeadDim = unet.AttentionHeadDim, ConditioningEmbeddingOutChannels = [8, 8, 8, 8],
            UseLinearProjection = unet.UseLinearProjection, TransformerLayersPerBlock = unet.TransformerLayersPerBlock,
            AdditionEmbedType = unet.AdditionEmbedType, AdditionTimeEmbedDim = unet.AdditionTimeEmbedDim,
            ProjectionClassEmbeddingsInputDim = unet.ProjectionClassEmbeddingsInputDim,
            NumTransChannel = unet.BlockOutChannels[0], NumProjChannel = unet.BlockOutChannels[0],
        }.Build();
        FormulaWeights.Fill(network);
        DiffusersFolder.WriteNetwork(network, folder.Path);
    }

    private static void WriteControlNet(StandIn folder)
    {
        UNet2DConditionConfig unet = ReadUNet(folder);
        using ControlNetModel network = new ControlNetConfig
        {
            BlockOutChannels = unet.BlockOutChannels, DownBlockTypes = unet.DownBlockTypes, CrossAttentionDim = unet.CrossAttentionDim,
            AttentionHeadDim = unet.AttentionHeadDim, ConditioningEmbeddingOutChannels = [8, 8, 8, 8],
        }.Build();
        FormulaWeights.Fill(network);
        DiffusersFolder.WriteNetwork(network, folder.Path);
    }

    private static void WriteT2IAdapter(StandIn folder)
    {
        using T2IAdapterModel network = new T2IAdapterConfig { InChannels = 1, Channels = ReadUNet(folder).BlockOutChannels }.Build();
        FormulaWeights.Fill(network);
        DiffusersFolder.WriteNetwork(network, folder.Path);
    }

    private static void WriteIpAdapter(StandIn file)
    {
        // Its shapes tell which layers there are.
        using var denoiser = new UNetDenoiser(ReadUNet(file).BuildUninitialized(META));
        TinyIpAdapters.Write(file.Path, "plus", denoiser.Description);
    }

    /// <summary>The U-Net of the snippet's model.</summary>
    private static UNet2DConditionConfig ReadUNet(StandIn part) => UNet2DConditionConfig.FromJson(
        File.ReadAllText(Path.Combine(StandInModels.FolderOf(part), ComponentNames.UNet, "config.json")));

    private static void WriteControlNetFile(StandIn file)
    {
        using ControlNetModel network = TinyControlNets.Make("sd1", 0);
        PickleFiles.Write(file.Path, LdmWriter.ControlNet(network).Select(tensor => ($"control_model.{tensor.Name}", tensor.Value)));
    }
}
