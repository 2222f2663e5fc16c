using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using LatentDiffusion.Evaluation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Runtime;

/// <summary>Numbers stay alive until libtorch has read them: see <see cref="TensorArithmetic"/>.</summary>
public sealed class ScalarLifetimeTests
{
    private static readonly Dictionary<short, OpCode> s_codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => c.Value);

    // Operators with a number, or with a second summand, create a Scalar within TorchSharp.
    private static readonly HashSet<string> s_operators = ["op_Addition", "op_Subtraction", "op_Multiply", "op_Division"];

    // Methods that create a Scalar within TorchSharp.
    private static readonly HashSet<string> s_methods = ["square", "square_", "leaky_relu", "softplus", "mish", "arange"];

    // The one place that calls TorchScript methods.
    private const string ScriptCall = "ScriptCall";

    [Theory]
    [InlineData(typeof(IDenoiser))]
    [InlineData(typeof(DiffusionPipeline))]
    [InlineData(typeof(ImageFolderSource))]
    [InlineData(typeof(ModelEvaluation))]
    public void No_operator_lets_a_number_go_while_it_is_read(Type type)
    {
        string[] found = [.. Calls(type.Assembly.Location).Order(StringComparer.Ordinal)];
        Assert.True(found.Length == 0, string.Join("\n", found));
    }

    [Theory]
    [InlineData("CustomComponents", "CustomComponents")]
    [InlineData("CustomScheduler", "CustomScheduler")]
    [InlineData("CustomScheduler", "LogSnrScheduler")]
    public void Samples_show_no_operator_that_lets_a_number_go(string sample, string assembly)
    {
        string file = Path.Combine(Path.GetDirectoryName(BuildSettings.Sample(sample))!, $"{assembly}.dll");
        Assert.Empty(Calls(file));
    }

    [Fact]
    public void Custom_components_of_the_documentation_let_no_number_go() =>
        Assert.DoesNotContain(
            Calls(typeof(ScalarLifetimeTests).Assembly.Location),
            call => call.StartsWith(nameof(Pipelines.CustomComponentTests), StringComparison.Ordinal));

    /// <summary>Calls of operators and sums that create their own numbers, as "type.method: callee".</summary>
    private static IEnumerable<string> Calls(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        MetadataReader metadata = file.GetMetadataReader();
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress == 0) continue;
            string type = Outermost(metadata, method.GetDeclaringType());
            if (type is nameof(TensorArithmetic) or ScriptCall) continue;
            BlobReader il = file.GetMethodBody(method.RelativeVirtualAddress).GetILReader();
            while (il.RemainingBytes > 0)
            {
                int first = il.ReadByte();
                OpCode code = s_codes[first == 0xfe ? (short)(0xfe00 | il.ReadByte()) : (short)first];
                if (code.OperandType == OperandType.InlineMethod)
                {
                    EntityHandle callee = MetadataTokens.EntityHandle(il.ReadInt32());
                    if (callee.Kind == HandleKind.MemberReference
                        && Lets(metadata, metadata.GetMemberReference((MemberReferenceHandle)callee)) is { } what)
                    {
                        yield return $"{type}.{metadata.GetString(method.Name)}: {what}";
                    }
                }
                else
                {
                    int length = code.OperandType switch
                    {
                        OperandType.InlineNone => 0,
                        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                        OperandType.InlineVar => 2,
                        OperandType.InlineI8 or OperandType.InlineR => 8,
                        OperandType.InlineSwitch => 4 * il.ReadInt32(),
                        _ => 4,
                    };
                    il.Offset += length;
                }
            }
        }
    }

    private static string? Lets(MetadataReader metadata, MemberReference member)
    {
        if (member.Parent.Kind != HandleKind.TypeReference || member.GetKind() != MemberReferenceKind.Method) return null;
        string type = metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name);
        string name = metadata.GetString(member.Name);
        if (type == nameof(Scalar)) return name == "op_Implicit" ? "a number that becomes a Scalar on its own" : null;
        if (type == nameof(jit.ScriptModule)) return name == "invoke" ? "numbers that become Scalars on their own" : null;
        if (type is not (nameof(Tensor) or nameof(torch) or nameof(nn.functional))) return null;
        string[] parameters = [.. member.DecodeMethodSignature(new Names(), null).ParameterTypes];
        int held = parameters.Count(p => p == nameof(Scalar));
        bool numbers = s_operators.Contains(name) && parameters.Any(p => p is not nameof(Tensor));
        // Without a weight for the second summand they create one.
        bool sum = name is "op_Addition" or "add" or "add_"
            && (parameters.All(p => p == nameof(Tensor)) || (parameters.Length == 1 && held == 1));
        bool within = s_methods.Contains(name) && held < (name == nameof(arange) ? 3 : 1);
        return numbers || sum || within ? $"{name}({string.Join(", ", parameters)})" : null;
    }

    private static string Outermost(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? Outermost(metadata, outer) : metadata.GetString(type.Name);
    }

    /// <summary>Decodes types to their short names.</summary>
    private sealed class Names : ISignatureTypeProvider<string, object?>
    {
        public string GetArrayType(string elementType, ArrayShape shape) => elementType + "[]";

        public string GetByReferenceType(string elementType) => elementType + "&";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "function";

        public string GetGenericInstantiation(
            string genericType, System.Collections.Immutable.ImmutableArray<string> typeArguments) => genericType;

        public string GetGenericMethodParameter(object? genericContext, int index) => $"!!{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"!{index}";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetPinnedType(string elementType) => elementType;

        public string GetPointerType(string elementType) => elementType + "*";

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString();

        public string GetSZArrayType(string elementType) => elementType + "[]";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) =>
            reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) =>
            reader.GetString(reader.GetTypeReference(handle).Name);

        public string GetTypeFromSpecification(
            MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) => "specification";
    }
}
