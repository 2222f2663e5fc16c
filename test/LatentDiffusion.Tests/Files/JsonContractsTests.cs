using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Xunit;

namespace LatentDiffusion.Tests.Files;

/// <summary>JSON is read and written by generated contracts, which trimmed applications have, with the results of reflection.</summary>
public sealed class JsonContractsTests
{
    public static TheoryData<Type> Configurations =>
        [.. typeof(NetworkConfig).Assembly.GetTypes().Where(type => !type.IsAbstract && type.IsSubclassOf(typeof(NetworkConfig)))];

    [Theory, MemberData(nameof(Configurations))]
    public void Every_configuration_has_a_generated_contract_with_its_defaults(Type type)
    {
        JsonTypeInfo contract = ModelConfigJson.Options.GetTypeInfo(type);
        Assert.IsType<NetworkConfigJson>(contract.OriginatingResolver);
        var made = (NetworkConfig)Activator.CreateInstance(type)!;
        var read = (NetworkConfig)JsonSerializer.Deserialize("{}", contract)!;
        Assert.Equal(made.ToJson(), read.ToJson());
    }

    [Theory, MemberData(nameof(Configurations))]
    public void Generated_contracts_write_what_reflection_writes(Type type)
    {
        var reflected = new JsonSerializerOptions(ModelConfigJson.Options) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };
        object made = Activator.CreateInstance(type)!;
        Assert.Equal(JsonSerializer.Serialize(made, type, reflected), JsonSerializer.Serialize(made, type, ModelConfigJson.Options));
    }

    [Fact]
    public void Properties_that_a_text_lacks_keep_their_defaults()
    {
        JsonSerializerOptions options = PipelineJson.Format;
        Assert.True(JsonSerializer.Deserialize("{}", options.Of<InpaintingOptions>())!.PreservePixels);
        LatentUpscaling upscaling = JsonSerializer.Deserialize("""{"width": 16, "height": 8}""", options.Of<LatentUpscaling>())!;
        Assert.Equal(new LatentUpscaling { Width = 16, Height = 8 }, upscaling);
        Assert.Equal(0.7, upscaling.Strength);
        Assert.Equal(double.PositiveInfinity, JsonSerializer.Deserialize("{}", options.Of<ChurnOptions>())!.MaximumSigma);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"width": 16}""", options.Of<LatentUpscaling>()));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"mask": 16}""", options.Of<InpaintingOptions>()));
    }

    [Fact]
    public void Types_of_the_application_are_read_by_reflection()
    {
        var config = new Custom { Width = 3 };
        Assert.Equal("""{"width":3,"depth":2}""", config.ToJson().Replace(" ", "").Replace("\n", ""));
        Assert.Equal(2, ((Custom)JsonSerializer.Deserialize("{}", ModelConfigJson.Options.GetTypeInfo(typeof(Custom)))!).Depth);
        Assert.Equal("""{"scale":2}""", PipelineJson.ToNode(new { Scale = 2 })!.ToJsonString());
    }

    [Fact]
    public void Options_of_schedulers_are_plain_values()
    {
        SchedulerConfig config = SchedulerConfig.Empty
            .With("flag", true).With("count", 3).With("rate", 0.1).With("end", double.PositiveInfinity).With("none", null)
            .With("name", "linear").With("list", Enumerable.Range(1, 3))
            .With("node", JsonNode.Parse("[4]")).With("value", JsonValue.Create(5));
        Assert.Equal(
            """{"flag":true,"count":3,"rate":0.1,"end":Infinity,"none":null,"name":"linear","list":[1,2,3],"node":[4],"value":5}""",
            config.ToText());
        var refused = Assert.Throws<ArgumentException>(() => config.With("date", DateTime.UnixEpoch));
        Assert.StartsWith("'date' is a System.DateTime; expected a Boolean, number, text,", refused.Message, StringComparison.Ordinal);
    }

    private sealed record Custom : NetworkConfig
    {
        public int Width { get; init; } = 1;

        public int Depth { get; init; } = 2;
    }
}
